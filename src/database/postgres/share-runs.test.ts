import { expect, test } from 'vitest'
import { createSharedRuns } from './share-runs.ts'

interface Run {
  end(value: string): void
  fail(error: Error): void
}

/** Runs that end when they are told. */
function stage() {
  const share = createSharedRuns<string>()
  const begun: Run[] = []
  const ask = (key: string) => share(key, () => new Promise((end, fail) => begun.push({ end, fail })))
  return { ask, begun }
}

test('who asks during a run gets the next one, and all of them the same', async () => {
  const { ask, begun } = stage()
  const first = ask('a')
  const others = [ask('a'), ask('a')]
  expect(begun.length).toBe(1)
  begun[0]?.end('before the write')
  expect(await first).toBe('before the write')
  expect(begun.length).toBe(2)
  const later = ask('a')
  begun[1]?.end('after it')
  expect(await Promise.all(others)).toEqual(['after it', 'after it'])
  begun[2]?.end('and later')
  expect(await later).toBe('and later')
})

test('another key runs at once, and one that has ended runs anew', async () => {
  const { ask, begun } = stage()
  const answers = [ask('a'), ask('b')]
  expect(begun.length).toBe(2)
  for (const { end } of begun) end('1')
  expect(await Promise.all(answers)).toEqual(['1', '1'])
  const again = ask('a')
  begun[2]?.end('2')
  expect(await again).toBe('2')
})

test('a failure is told to all that wait, and ends with them', async () => {
  const { ask, begun } = stage()
  const answers = [ask('a'), ask('a'), ask('a')].map((answer) => answer.catch((error: Error) => error.message))
  begun[0]?.fail(new Error('gone'))
  expect(await Promise.all(answers)).toEqual(['gone', 'gone', 'gone'])
  expect(begun.length).toBe(1)
  const again = ask('a')
  begun[1]?.end('back')
  expect(await again).toBe('back')
})
