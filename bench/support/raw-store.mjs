// The drivers of both engines without anything around them: for the limit, and to fill and empty stores.

import Database from 'libsql'
import pg from 'pg'

/** As many as the service has. */
const POOL_SIZE = 10

/** `store`: `{ file }` or `{ url }`. Queries have at most one parameter, written `?`. */
export function openRaw({ file, url }) {
  return url === undefined ? openSqlite(file) : openPostgres(url)
}

function openSqlite(file) {
  const database = new Database(file)
  database.exec('pragma busy_timeout = 5000')
  return {
    async prepare({ sql, parameters = [] }) {
      const statement = database.prepare(sql).raw()
      return () => statement.all(...parameters)
    },
    async all(sql) {
      return database.prepare(sql).all()
    },
    async run(sql) {
      database.exec(sql)
    },
    async close() {
      database.close()
    },
  }
}

function openPostgres(connectionString) {
  const pool = new pg.Pool({ connectionString, max: POOL_SIZE })
  return {
    async prepare({ sql, parameters = [] }) {
      const query = { name: 'bench', text: sql.replace('?', '$1'), values: parameters, rowMode: 'array' }
      return async () => (await pool.query(query)).rows
    },
    async all(sql) {
      return (await pool.query(sql)).rows
    },
    async run(sql) {
      await pool.query(sql)
    },
    close: () => pool.end(),
  }
}
