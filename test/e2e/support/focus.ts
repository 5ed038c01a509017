// What has the focus, as people would name it.

import type { Page } from 'playwright-core'

/** The text of the focused element; of <body>, which nobody can use, the word BODY. */
export function focused(page: Page): Promise<string> {
  return page.evaluate<string>(
    "document.activeElement === document.body ? 'BODY' : document.activeElement.textContent.trim()",
  )
}
