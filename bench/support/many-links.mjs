// Fills a store with links by raw SQL: copies of one that is there, a hundred for each of as many new users as it takes.

import { openRaw } from './raw-store.mjs'

const LINKS_OF_ONE = 100

/** What differs between the engines: the numbers from 0, and one of them as eight digits. */
const DIALECTS = {
  sqlite: {
    numbers: (count) =>
      `with recursive numbers(n) as (select 0 union all select n + 1 from numbers where n + 1 < ${count})`,
    digits: (number) => `printf('%08d', ${number})`,
  },
  postgres: {
    numbers: (count) => `with numbers(n) as (select generate_series(0, ${count} - 1))`,
    digits: (number) => `lpad((${number})::text, 8, '0')`,
  },
}

/** `model`: the id of the link to copy. */
export async function fillWithLinks(store, model, count) {
  const engine = store.url === undefined ? 'sqlite' : 'postgres'
  const { digits } = DIALECTS[engine]
  const raw = openRaw(store)
  const copy = (table, where, copies, columns) => copyRows(raw, DIALECTS[engine], { table, where, copies, columns })
  const [{ owner_id: owner }] = await raw.all(`select owner_id from scm_integrations where id = '${model}'`)
  await copy('users', `id = '${owner}'`, Math.ceil(count / LINKS_OF_ONE), {
    id: `'us-bench-' || ${digits('n')}`,
    email: `${digits('n')} || '@example.test'`,
    username: `'bench-' || ${digits('n')}`,
  })
  await copy('scm_integrations', `id = '${model}'`, count, {
    id: `${digits('n')} || '-0000-4000-8000-000000000000'`,
    owner_id: `'us-bench-' || ${digits(`n / ${LINKS_OF_ONE}`)}`,
    uid: digits('n'),
  })
  // Else the first start would be measured beside what the engine does after such a load.
  await raw.run(engine === 'sqlite' ? 'pragma wal_checkpoint(truncate)' : 'vacuum analyze')
  await raw.close()
}

async function copyRows(raw, { numbers }, { table, where, copies, columns }) {
  const [row] = await raw.all(`select * from ${table} where ${where}`)
  const names = Object.keys(row)
  const values = names.map((name) => columns[name] ?? `model.${name}`)
  await raw.run(`
    ${numbers(copies)}
    insert into ${table} (${names.join(', ')})
    select ${values.join(', ')} from numbers cross join (select * from ${table} where ${where}) model`)
}
