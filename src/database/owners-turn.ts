// Transactions that add to what one user has: in this process one at a time for each user.

import { adapterOf } from './adapter.ts'
import type { Database, Transaction } from './database.ts'

/**
 * A transaction in the user's turn. Each locks the user's row, so twenty at once would otherwise wait in the store, where
 * they hold twenty connections that others need, and where the last of them exceed the time limit of a statement.
 */
export function inOwnersTurn<T>(
  database: Database,
  owner: string,
  run: (transaction: Transaction) => Promise<T>,
): Promise<T> {
  return adapterOf(database).ownersTurns.run(owner, () => database.transaction().execute(run))
}
