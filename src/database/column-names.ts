// Columns are snake_case in the store and camelCase in the code.

import { CamelCasePlugin } from 'kysely'

/**
 * Columns that have another name in the store than in the code. They are not renamed there: a server of the version
 * before may run beside this one during an upgrade.
 */
const STORED_NAMES: Record<string, string> = { webUrl: 'web_root', apiUrl: 'api_root' }
const CODE_NAMES = Object.fromEntries(Object.entries(STORED_NAMES).map(([code, stored]) => [stored, code]))

export class ColumnNames extends CamelCasePlugin {
  protected override snakeCase(name: string): string {
    return STORED_NAMES[name] ?? super.snakeCase(name)
  }

  protected override camelCase(name: string): string {
    return CODE_NAMES[name] ?? super.camelCase(name)
  }
}
