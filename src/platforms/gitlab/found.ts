// How GitLab's projects are addressed, and warnings about lists that are not complete.

import { emptyPage, pathParts } from '../answers.ts'
import type { ComposedPage } from '../composed-list.ts'
import type { Page } from '../platform.ts'

/**
 * The address of a project. The dot in the last part is encoded too: GitLab reads what follows it as a format, and cuts
 * the redirect of a moved project there (https://github.com/python-gitlab/python-gitlab/issues/3299).
 */
export function projectAddress(fullPath: string): string {
  const slash = fullPath.lastIndexOf('/') + 1
  const last = encodeURIComponent(fullPath.slice(slash)).replaceAll('.', '%2E')
  return `/projects/${encodeURIComponent(fullPath.slice(0, slash))}${last}`
}

export function isProject(name: string): boolean {
  return (pathParts(name)?.length ?? 0) > 1
}

export function unknown(where: string): Page<never> {
  return emptyPage(0, `GitLab has no ${where} that this account can see.`)
}

/** `cut` is the warning when the limit of pages was reached. */
export function endingWarnings(ending: ComposedPage<unknown>['ending'], cut: string): string[] {
  const late =
    'GitLab was too slow for all of this page: these were found in time. Ask for the same page again, and the reading goes on from there.'
  return { told: [], cut: [cut], late: [late] }[ending]
}

/** GitLab takes a phrase in quotation marks as one term (lib/gitlab/sql/pattern.rb). */
export function searchText(words: string[]): string {
  return words.map((word) => (word.includes(' ') ? `"${word}"` : word)).join(' ')
}
