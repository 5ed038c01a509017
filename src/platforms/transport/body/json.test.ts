import { expect, test } from 'vitest'
import { readJson } from './json-reader.js'

const BOUNDS = { depth: 4, text: 8, nodes: 1_000 }

test.each<[string, unknown]>([
  ['{"id":1}', { id: 1 }],
  ['null', null],
  ['""', ''],
  ['', undefined],
  ['<html>', undefined],
  ['{"id":1} trailing', undefined],
  ['{"id":1}{"id":2}', undefined],
  ['{"id":', undefined],
  ['"\0"', undefined], // raw control characters are not JSON
  ['[[[["ok"]]]]', [[[['ok']]]]],
  ['"[[[[[[["', '[[[[[[['],
  ['"a\\"[[[["', 'a"[[[['],
  ['["\\\\","[[[["]', ['\\', '[[[[']],
  ['["\\\\\\"[[[[[","\\u0000"]', ['\\"[[[[[', '\ufffd']],
  ['"\\', undefined],
  ['["a\\u0000b"]', ['a\ufffdb']],
  ['{"n\\u0000":1}', { 'n\ufffd': 1 }],
  ['"\\ud83d"', '\ufffd'],
  ['"\\ude00x"', '\ufffdx'],
  ['"\\ud83d\\ude00"', '😀'],
  ['"\\ud83d\\ud83d\\ude00"', '\ufffd😀'],
  ['"\\\\u0000"', '\\u0000'],
  ['"12345678"', '12345678'],
  ['"123456789"', '12345678'],
  ['"1234567😀"', '1234567'], // no half pair
  ['"123456😀9"', '123456😀'],
  ['["\\u00e4", 2.5, true, null]', ['ä', 2.5, true, null]],
])('%j', (text, value) => {
  expect(readJson(text, BOUNDS)).toEqual(value)
})

test('a name like __proto__ is only a name', () => {
  const value = readJson('{"__proto__":{"admin":true},"a":"\\u0000"}', BOUNDS)
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
  expect((value as { admin?: boolean }).admin).toBeUndefined()
})

test.each(['[[[[[1]]]]]', '{"a":{"a":{"a":{"a":{}}}}}', '['.repeat(1_000_000)])('too deep', (text) => {
  expect(() => readJson(text, BOUNDS)).toThrow(expect.objectContaining({ code: 'TOO_DEEP' }))
})
