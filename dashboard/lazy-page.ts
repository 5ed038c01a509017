// Pages that are loaded when they are opened, and what happens when the server no longer has them.

import { type ComponentType, type LazyExoticComponent, lazy } from 'react'

declare global {
  /** Of public/missing-files.js: ends only when the page is not loaded anew. */
  function reloadForMissingFiles(): Promise<void>
}

/**
 * After an upgrade the server has the files of its own version only, so a tab from before it cannot load another page.
 * Vite's `vite:preloadError` tells of the same failures, but the import cannot wait for who listens to it:
 * https://vite.dev/guide/build#load-error-handling
 */
export function lazyPage<Props>(load: () => Promise<ComponentType<Props>>): LazyExoticComponent<ComponentType<Props>> {
  return lazy(async () => {
    try {
      return { default: await load() }
    } catch (error) {
      await reloadForMissingFiles()
      throw error
    }
  })
}
