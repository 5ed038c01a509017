// Lists composed of upstream pages: exact pages, right ends, and no more reading than needed.
import { describe, expect, test } from 'vitest'
import { Failure } from '../failure.ts'
import { branchPage, takePage } from './composed-list.ts'
import type { ReadPage } from './lists.ts'
import { createPositions, type ListPositions } from './transport/positions.ts'

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
    takePage({ lists: [list.read], keep: isEven }, { page, perPage })

  test('reads one upstream page where that fills ours', async () => {
    const list = upstream(numbers(300))
    expect(await page(list, 1, 3)).toMatchObject({ items: [0, 2, 4], hasNext: true, totalCount: null, ending: 'told' })
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
      ending: 'cut',
    })
    expect(list.reads()).toBe(10)
    expect(await page(upstream(numbers(2_000)), 9, 50)).toMatchObject({ hasNext: true, ending: 'told' })
    expect(await page(upstream(numbers(2_000)), 11, 50)).toMatchObject({ items: [], hasNext: false, ending: 'cut' })
  })

  test('pages put together are the filtered list', async () => {
    const pages = await Promise.all(numbers(18).map((index) => page(upstream(numbers(250)), index + 1, 7)))
    expect(pages.flatMap(({ items }) => items)).toEqual(numbers(250).filter(isEven))
    expect(pages.map(({ hasNext }) => hasNext)).toEqual(numbers(18).map((index) => index < 17))
  })
})

describe('a list whose positions are remembered', () => {
  const walk = async (read: ReadPage<number>, positions: ListPositions, order: number[]) => {
    const pages = []
    for (const page of order) {
      pages.push(await takePage({ lists: [read], keep: isEven, positions }, { page, perPage: 20 }))
    }
    return pages
  }

  test.each([
    ['in order', numbers(25)],
    ['backwards', numbers(25).reverse()],
    ['in no order', numbers(50).map((index) => (index * 7) % 25)],
  ])('has the same pages, asked %s', async (_, order) => {
    const list = upstream(numbers(1_000))
    const positions = createPositions().of('link query')
    const asked = order.map((index) => index + 1)
    const pages = await walk(list.read, positions, asked)
    const expected = order.map((index) =>
      numbers(1_000)
        .filter(isEven)
        .slice(index * 20, index * 20 + 20),
    )
    expect(pages.map(({ items }) => items)).toEqual(expected)
    expect(pages.map(({ hasNext }) => hasNext)).toEqual(order.map((index) => index < 24))
  })

  test('is read from the page where the one before ended, beyond ten pages too', async () => {
    const list = upstream(numbers(1_900))
    const pages = await walk(
      list.read,
      createPositions().of('link query'),
      numbers(48).map((index) => index + 1),
    )
    expect(pages.flatMap(({ items }) => items)).toEqual(numbers(1_900).filter(isEven))
    expect(pages.map(({ hasNext }) => hasNext)).toEqual(numbers(48).map((index) => index < 47))
    // 48 pages of ours, and 18 ends of upstream pages within them.
    expect(list.reads()).toBe(66)
  })

  test('is remembered for nobody else', async () => {
    const list = upstream(numbers(1_900))
    const positions = createPositions()
    await walk(list.read, positions.of('link query'), [1, 20])
    const before = list.reads()
    await walk(list.read, positions.of('other query'), [20])
    expect(list.reads() - before).toBe(9)
  })

  test('has what was found in time, and goes on from there', async () => {
    const list = upstream(numbers(1_000))
    let slow = 3
    const read: ReadPage<number> = async (page) => {
      slow -= 1
      if (slow < 0) throw new Failure('scm_unreachable', 'slow', { log: { fault: 'DEADLINE' } })
      return list.read(page)
    }
    const composition = { lists: [read], keep: isEven, positions: createPositions().of('x') }
    const wanted = { page: 3, perPage: 70 }
    expect(await takePage(composition, wanted)).toMatchObject({
      items: numbers(300).filter(isEven).slice(140),
      hasNext: true,
      totalCount: null,
      ending: 'late',
    })
    slow = 3
    expect(await takePage(composition, wanted)).toMatchObject({
      items: numbers(420).filter(isEven).slice(140),
      hasNext: true,
      ending: 'told',
    })
  })

  test('fails where not even its first page comes in time', async () => {
    const read = () => Promise.reject(new Failure('scm_unreachable', 'slow', { log: { fault: 'DEADLINE' } }))
    await expect(takePage({ lists: [read] }, { page: 1, perPage: 20 })).rejects.toThrow('slow')
  })

  test('is not waited for longer than its time', async () => {
    const list = upstream(numbers(1_000))
    const read: ReadPage<number> = (page) => (page.page < 3 ? list.read(page) : new Promise(() => {}))
    const found = await takePage({ lists: [read], until: Date.now() + 50 }, { page: 3, perPage: 90 })
    expect(found).toMatchObject({ items: numbers(200).slice(180), hasNext: true, ending: 'late' })
  })
})

describe('a merged list', () => {
  const created = (number: number) => new Date(Date.UTC(2026, 0, 1) - number * 1000).toISOString()
  const page = (lists: ReadPage<number>[], wanted: { page: number; perPage: number }, maxPages = 10) =>
    takePage({ lists, createdAt: created, maxPages }, wanted)

  test('is in order across pages of both, whichever runs dry first', async () => {
    const few = numbers(400).filter((number) => number % 7 === 0)
    const many = numbers(400).filter((number) => number % 7 !== 0)
    const found = await page([upstream(few).read, upstream(many).read], { page: 1, perPage: 400 })
    expect(found).toMatchObject({ items: numbers(400), hasNext: false, totalCount: 400, ending: 'told' })
  })

  test('ends in order where the budget ends it', async () => {
    const old = numbers(900).map((number) => number + 900)
    const found = await page([upstream(old).read, upstream(numbers(900)).read], { page: 1, perPage: 1_000 }, 4)
    expect(found).toMatchObject({ items: numbers(300), hasNext: false, totalCount: null, ending: 'cut' })
  })

  test('is read on from where both lists stood', async () => {
    const lists = [numbers(400).filter(isEven), numbers(400).filter((number) => !isEven(number))].map(upstream)
    const positions = createPositions().of('x')
    const found = []
    for (const page of numbers(20)) {
      const composition = { lists: lists.map(({ read }) => read), createdAt: created, positions }
      found.push(await takePage(composition, { page: page + 1, perPage: 20 }))
    }
    expect(found.flatMap(({ items }) => items)).toEqual(numbers(400))
  })

  test('keeps items without a time, in the order of their list', async () => {
    const odd = (number: number) => (number === 2 ? 'yesterday' : created(number))
    const lists = [
      [0, 2, 4],
      [1, 3, 5],
    ].map((items) => upstream(items).read)
    expect((await takePage({ lists, createdAt: odd }, { page: 1, perPage: 9 })).items).toEqual([0, 2, 1, 3, 4, 5])
  })

  test('of empty lists is empty', async () => {
    const found = await page([upstream<number>([]).read, upstream<number>([]).read], { page: 1, perPage: 5 })
    expect(found).toMatchObject({ items: [], hasNext: false, totalCount: 0, ending: 'told' })
  })
})

describe('branches', () => {
  const name = (number: number) => ({ name: `b${String(number).padStart(5, '0')}` })
  const all = numbers(2_345).map(name)
  const there = async () => true

  // The default branch at both ends, around the bound of 1,000, and around ends of pages.
  test.each([0, 1, 99, 100, 998, 999, 1000, 1001, 1200, 1231, 1232, 1233, 2343, 2344])(
    'with the default one at %i come once each in pages of any size',
    async (index) => {
      const first = name(index)
      const expected = [first, ...all.filter((branch) => branch.name !== first.name)]
      for (const perPage of [7, 77, 100]) {
        const last = Math.ceil(all.length / perPage)
        const pages = await Promise.all(
          numbers(last + 1).map((index) =>
            branchPage(upstream(all).read, first.name, there, { page: index + 1, perPage }),
          ),
        )
        expect(pages.flatMap(({ items }) => items)).toEqual(expected)
        expect(pages.map(({ hasNext }) => hasNext)).toEqual(numbers(last + 1).map((index) => index + 1 < last))
      }
    },
  )

  test('of a page far back are read by two pages, near the front by as many as needed', async () => {
    const list = upstream(all)
    await branchPage(list.read, 'b02344', there, { page: 20, perPage: 100 })
    expect(list.reads()).toBe(2)
    const near = upstream(all)
    await branchPage(near.read, 'b02344', there, { page: 3, perPage: 20 })
    expect(near.reads()).toBe(1)
  })

  test.each([1, 14, 19, 30])('are exactly those that exist, page %i of a default one that does not', async (page) => {
    const wanted = { page, perPage: 77 }
    const found = await branchPage(upstream(all).read, 'trunk', async () => false, wanted)
    expect(found.items).toEqual(all.slice(77 * (page - 1), 77 * page))
  })

  test('ask for the default one only where what was read does not tell', async () => {
    let asked = 0
    const exists = async () => {
      asked += 1
      return true
    }
    const few = upstream(all.slice(0, 100)).read
    await branchPage(few, 'b00099', exists, { page: 1, perPage: 20 })
    expect((await branchPage(few, 'trunk', exists, { page: 1, perPage: 100 })).items).toEqual(all.slice(0, 100))
    expect(asked).toBe(0)
    expect((await branchPage(upstream(all).read, 'trunk', exists, { page: 1, perPage: 3 })).items[0]?.name).toBe(
      'trunk',
    )
    expect(asked).toBe(1)
  })

  test('without a default branch stay as they are', async () => {
    const page = { page: 30, perPage: 50 }
    expect((await branchPage(upstream(all).read, null, there, page)).items).toEqual(all.slice(1450, 1500))
    expect((await branchPage(upstream(all).read, null, there, { page: 1, perPage: 2 })).items).toEqual(all.slice(0, 2))
  })

  test('have the total that the platform tells', async () => {
    const read: ReadPage<{ name: string }> = async (page) => ({
      ...(await upstream(all).read(page)),
      totalCount: 2_345,
    })
    expect((await branchPage(read, 'b00000', there, { page: 1, perPage: 20 })).totalCount).toBe(2_345)
  })
})
