// Waiting for what happens in the background.

import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'vitest'

/** Fails when it does not hold within so many seconds. */
export async function until(holds: () => boolean | Promise<boolean>, seconds = 10): Promise<void> {
  const end = Date.now() + seconds * 1000
  while (!(await holds()) && Date.now() < end) await delay(25)
  expect(await holds()).toBe(true)
}
