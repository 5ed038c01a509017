// Reliability section 6: bodies of platforms in memory at once have one bound for the process, and small ones are read all the same.

import { afterEach, expect, test } from 'vitest'
import { createJsonReader } from '../body/json.ts'
import { createLeases } from './body-budget.ts'

const MB = 1024 * 1024
const BOUNDS = { depth: 64, nodes: 100_000_000, text: 4096 }

let reader = createJsonReader()
afterEach(async () => {
  await reader.close()
  reader = createJsonReader()
})

/** JSON of so many bytes, quick to read. */
function large(bytes: number): Buffer {
  return Buffer.from(`["${'x'.repeat(bytes - 4)}"]`)
}

test('large answers that wait to be parsed give way to a small one that is being read', async () => {
  const budget = createLeases(64 * MB)
  const parsed = Array.from({ length: 8 }, async () => {
    const lease = budget()
    lease.take(8 * MB)
    try {
      await reader.read(large(8 * MB), BOUNDS, lease)
      return 'read'
    } catch (error) {
      return (error as { code?: string }).code
    } finally {
      lease.release()
    }
  })
  const small = budget()
  small.take(10_000)
  expect(small.signal.aborted).toBe(false)
  expect((await Promise.all(parsed)).sort()).toEqual(['overloaded', ...new Array(7).fill('read')])
})

test('an answer that takes the thread’s memory fails alone, and the one after it is read', async () => {
  const budget = createLeases(1024 * MB)
  const tooMuch = reader.read(Buffer.from(`[${'{"a":{}},'.repeat(2_000_000)}[]]`), BOUNDS, budget())
  const next = reader.read(large(MB), BOUNDS, budget())
  await expect(tooMuch).rejects.toMatchObject({ code: 'TOO_MANY' })
  expect(await next).toEqual(['x'.repeat(4096)])
}, 60_000)

test('what waits to be parsed is given up when all ends', async () => {
  const budget = createLeases(64 * MB)
  const both = [1, 2].map(() => reader.read(large(8 * MB), BOUNDS, budget()))
  const settled = Promise.allSettled(both)
  await reader.close()
  expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
})
