// Every contest, in the order they are run.

import { exchange } from './contests/exchange.mjs'
import { list } from './contests/list.mjs'
import { show } from './contests/show.mjs'

export const CONTESTS = [list, show, exchange]
