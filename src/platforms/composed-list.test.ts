// Lists composed of upstream pages: exact pages, right ends, and no more reading than needed.
import { describe, expect, test } from 'vitest'
import {
  branchPage,
  keeping,
  newestFirst,
  pagesInTurn,
  type ReadPage,
  readBudget,
  startingWith,
  takePage,
} from './composed-list.ts'

/** A list upstream; `reads` counts the pages that were asked for. */
function upstream<T>(items: T[]): { read: ReadPage<T>; reads: () => number } {
  let reads = 0
  return {
    reads: () => reads,
    async read({ page, perPage }) {
      reads += 1
      const end = page * perPage
      return { items: items.slice(end - perPage, end), hasNext: items.length > end, totalCount: null }
    },
  }
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index)
}

const isEven = (number: number) => number % 2 === 0

describe('a filtered list', () => {
  const page = (list: ReturnType<typeof upstream<number>>, page: number, perPage: number) =>
    takePage(keeping(pagesInTurn(readBudget(), list.read), isEven), { page, perPage })

  test('reads one upstream page where that fills ours', async () => {
    const list = upstream(numbers(300))
    expect(await page(list, 1, 3)).toEqual({ items: [0, 2, 4], hasNext: true, totalCount: null, cut: false })
    expect(list.reads()).toBe(1)
  })

  test('reads one more where it ends just with our page, to know whether there is a next one', async () => {
    const list = upstream(numbers(300))
    expect(await page(list, 1, 50)).toMatchObject({ hasNext: true, totalCount: null })
    expect(list.reads()).toBe(2)
    expect(await page(upstream(numbers(100)), 1, 50)).toMatchObject({ hasNext: false, totalCount: 50 })
  })

  test('has a total once everything was read, on page 1 as well', async () => {
    expect(await page(upstream(numbers(30)), 1, 5)).toMatchObject({ hasNext: true, totalCount: 15 })
    expect(await page(upstream(numbers(30)), 4, 5)).toMatchObject({ items: [], hasNext: false, totalCount: 15 })
  })

  test('is cut after 1,000 upstream items, and says so only where the page was not full', async () => {
    const list = upstream(numbers(2_000))
    expect(await page(list, 10, 50)).toMatchObject({
      items: { length: 50 },
      hasNext: false,
      totalCount: null,
      cut: true,
    })
    expect(list.reads()).toBe(10)
    expect(await page(upstream(numbers(2_000)), 9, 50)).toMatchObject({ hasNext: true, cut: false })
    expect(await page(upstream(numbers(2_000)), 11, 50)).toMatchObject({ items: [], hasNext: false, cut: true })
  })

  test('pages put together are the filtered list', async () => {
    const pages = await Promise.all(numbers(18).map((index) => page(upstream(numbers(250)), index + 1, 7)))
    expect(pages.flatMap(({ items }) => items)).toEqual(numbers(250).filter(isEven))
    expect(pages.map(({ hasNext }) => hasNext)).toEqual(numbers(18).map((index) => index < 17))
  })
})

describe('a merged list', () => {
  const created = (number: number) => new Date(Date.UTC(2026, 0, 1) - number * 1000).toISOString()
  const page = (lists: ReadPage<number>[], wanted: { page: number; perPage: number }, budget = readBudget()) =>
    takePage(
      newestFirst(
        lists.map((read) => pagesInTurn(budget, read)),
        created,
      ),
      wanted,
    )

  test('is in order across pages of both, whichever runs dry first', async () => {
    const few = numbers(400).filter((number) => number % 7 === 0)
    const many = numbers(400).filter((number) => number % 7 !== 0)
    const found = await page([upstream(few).read, upstream(many).read], { page: 1, perPage: 400 })
    expect(found).toEqual({ items: numbers(400), hasNext: false, totalCount: 400, cut: false })
  })

  test('ends in order where the budget ends it', async () => {
    const old = numbers(900).map((number) => number + 900)
    const found = await page(
      [upstream(old).read, upstream(numbers(900)).read],
      { page: 1, perPage: 1_000 },
      readBudget(4),
    )
    expect(found).toMatchObject({ items: numbers(300), hasNext: false, totalCount: null, cut: true })
  })

  test('of empty lists is empty', async () => {
    const found = await page([upstream<number>([]).read, upstream<number>([]).read], { page: 1, perPage: 5 })
    expect(found).toEqual({ items: [], hasNext: false, totalCount: 0, cut: false })
  })
})

test('a list starts with one item that is missing only in a short list without it', async () => {
  const start = (list: number[], first: number) =>
    startingWith(first, (item) => item === first, pagesInTurn(readBudget(), upstream(list).read))
  expect(await takePage(start([1, 2, 3], 3), { page: 1, perPage: 9 })).toMatchObject({
    items: [3, 1, 2],
    totalCount: 3,
  })
  expect(await takePage(start([1, 2], 9), { page: 1, perPage: 9 })).toMatchObject({ items: [1, 2], totalCount: 2 })
  expect(await takePage(start([], 9), { page: 1, perPage: 9 })).toMatchObject({ items: [], totalCount: 0 })
})

describe('branches', () => {
  const name = (number: number) => ({ name: `b${String(number).padStart(5, '0')}` })
  const all = numbers(2_345).map(name)

  // The default branch at both ends, around the bound of 1,000, and around ends of pages.
  test.each([0, 1, 99, 100, 998, 999, 1000, 1001, 1200, 1231, 1232, 1233, 2343, 2344])(
    'with the default one at %i come once each in pages of any size',
    async (place) => {
      const first = name(place)
      const expected = [first, ...all.filter((branch) => branch.name !== first.name)]
      for (const perPage of [7, 77, 100]) {
        const last = Math.ceil(all.length / perPage)
        const pages = await Promise.all(
          numbers(last + 1).map((index) => branchPage(upstream(all).read, first.name, { page: index + 1, perPage })),
        )
        expect(pages.flatMap(({ items }) => items)).toEqual(expected)
        expect(pages.map(({ hasNext }) => hasNext)).toEqual(numbers(last + 1).map((index) => index + 1 < last))
      }
    },
  )

  test('of a page far back are read by two pages, near the front by as many as needed', async () => {
    const list = upstream(all)
    await branchPage(list.read, 'b02344', { page: 20, perPage: 100 })
    expect(list.reads()).toBe(2)
    const near = upstream(all)
    await branchPage(near.read, 'b02344', { page: 3, perPage: 20 })
    expect(near.reads()).toBe(1)
  })

  test('without a default branch stay as they are', async () => {
    const page = { page: 30, perPage: 50 }
    expect((await branchPage(upstream(all).read, null, page)).items).toEqual(all.slice(1450, 1500))
    expect((await branchPage(upstream(all).read, null, { page: 1, perPage: 2 })).items).toEqual(all.slice(0, 2))
  })

  test('have the total that the platform tells', async () => {
    const read: ReadPage<{ name: string }> = async (page) => ({
      ...(await upstream(all).read(page)),
      totalCount: 2_345,
    })
    expect((await branchPage(read, 'b00000', { page: 1, perPage: 20 })).totalCount).toBe(2_345)
  })
})
