// Columns are snake_case in the store and camelCase in the code.

import { CamelCasePlugin, type PluginTransformResultArgs, type QueryResult, type UnknownRow } from 'kysely'

/** Rows whose columns the driver has named as the code does, once for all of them. */
export interface NamedResult {
  isNamed?: true
}

/**
 * Columns whose name in the store differs from the one in the code. The stored name must stay: during an upgrade a
 * server of the previous version may run beside this one.
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

  nameInCode(column: string): string {
    return this.camelCase(column)
  }

  override async transformResult(args: PluginTransformResultArgs): Promise<QueryResult<UnknownRow>> {
    const { isNamed }: NamedResult = args.result as NamedResult
    return isNamed ? args.result : super.transformResult(args)
  }
}
