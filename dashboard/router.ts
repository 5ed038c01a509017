// The address bar: which page it names, what its query says, and how to go elsewhere without loading anew.

import { type MouseEvent, useSyncExternalStore } from 'react'
import { pathBelow, publicPath } from './public-path.ts'

export type PagePath = '/profile' | '/repositories' | '/pull-requests' | '/keys' | '/tokens' | '/activity'

const CHANGED = 'forgelink:address'

function subscribe(listener: () => void): () => void {
  window.addEventListener('popstate', listener)
  window.addEventListener(CHANGED, listener)
  return () => {
    window.removeEventListener('popstate', listener)
    window.removeEventListener(CHANGED, listener)
  }
}

/** The page's path and query in the address bar; renders again whenever they change. */
export function useAddress(): { path: string; searchParams: URLSearchParams } {
  const href = useSyncExternalStore(subscribe, () => location.href)
  const { pathname, searchParams } = new URL(href)
  return { path: pathBelow(pathname), searchParams }
}

function push(address: string): void {
  history.pushState(null, '', address)
  window.dispatchEvent(new Event(CHANGED))
}

/** Changes path and query of where we are, with a step to go back to. */
export function pushAddress(path: string): void {
  push(publicPath(path))
}

/** Changes path and query of where we are, without a step to go back to. */
export function replaceAddress(path: string): void {
  const address = publicPath(path)
  if (address === `${location.pathname}${location.search}`) return
  history.replaceState(null, '', address)
  window.dispatchEvent(new Event(CHANGED))
}

/** For links inside the dashboard: a plain click stays in the page, every other click is the browser's. */
export function followLink(event: MouseEvent<HTMLAnchorElement>): void {
  const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey
  if (!plain || event.defaultPrevented) return
  event.preventDefault()
  push(event.currentTarget.href)
  window.scrollTo(0, 0)
}
