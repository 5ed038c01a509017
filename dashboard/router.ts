// The address bar: which page it names, its query, and how to change it without reloading.

import { type MouseEvent, useSyncExternalStore } from 'react'
import { pathBelow, publicPath } from './public-path.ts'

export type PagePath =
  | '/profile'
  | '/repositories'
  | '/pull-requests'
  | '/keys'
  | '/tokens'
  | '/activity'
  | '/account'
  | AdministrationPath

/** Of administrators. Below `/administration/users` there is a page for each user. */
export type AdministrationPath =
  | '/administration'
  | '/administration/users'
  | '/administration/links'
  | '/administration/activity'
  | '/administration/service-tokens'

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

/** Changes path and query, and adds a step to the history. */
export function pushAddress(path: string): void {
  push(publicPath(path))
}

/** Changes path and query without a step in the history. */
export function replaceAddress(path: string): void {
  const address = publicPath(path)
  if (address === `${location.pathname}${location.search}`) return
  history.replaceState(null, '', address)
  window.dispatchEvent(new Event(CHANGED))
}

/** For links within the dashboard: a plain click stays in the app; the browser handles every other click. */
export function followLink(event: MouseEvent<HTMLAnchorElement>): void {
  const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey
  if (!plain || event.defaultPrevented) return
  event.preventDefault()
  push(event.currentTarget.href)
  window.scrollTo(0, 0)
}
