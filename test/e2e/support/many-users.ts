// A store with as many users as a platform team has, without their making: it would take minutes.

import { randomUUID } from 'node:crypto'
import type { Services } from '../../../src/services.ts'

const BATCH = 100

/** `person 1` and so on, the first of them the oldest. Every tenth has left, and has no e-mail address. */
export async function addManyUsers({ database }: Services, count: number): Promise<void> {
  const users = Array.from({ length: count }, (_, index) => {
    const hasLeft = index % 10 === 9
    const createdAt = new Date(Date.now() + index).toISOString()
    return {
      id: `us-${randomUUID()}`,
      username: `person-of-many-${index + 1}`,
      email: hasLeft ? null : `person-${index + 1}@a-rather-long-name-of-a-company.example`,
      passwordHash: null,
      createdAt,
      updatedAt: createdAt,
      role: 'member' as const,
      active: hasLeft ? 0 : 1,
      deactivatedAt: hasLeft ? createdAt : null,
    }
  })
  for (let from = 0; from < count; from += BATCH) {
    await database
      .insertInto('users')
      .values(users.slice(from, from + BATCH))
      .execute()
  }
}
