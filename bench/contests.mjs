// Every contest, in the order they are run.

import { create } from './contests/create.mjs'
import { exchange } from './contests/exchange.mjs'
import { importKeys } from './contests/import-keys.mjs'
import { install } from './contests/install.mjs'
import { list } from './contests/list.mjs'
import { memory } from './contests/memory.mjs'
import { platformReads } from './contests/platform-reads.mjs'
import { show } from './contests/show.mjs'
import { start } from './contests/start.mjs'

export const CONTESTS = [list, show, exchange, create, ...platformReads, importKeys, start, memory, install]
