// Limits how many requests wait for platforms, and shares the places fairly, so that one account cannot take them all.

import { Failure } from '../../failure.ts'

/** By then some of the waiting requests will have got their answer. */
const RETRY_AFTER_SECONDS = 2

/** Runs the work once it has a place; its signal fires when an account with fewer requests needs the place. */
export type Waiting = <T>(
  account: string,
  work: (signal: AbortSignal) => Promise<T>,
  options?: WaitingOptions,
) => Promise<T>

export interface WaitingOptions {
  /** Whether the work must not be cancelled: an OAuth code that has been exchanged must become a link. */
  unbroken?: boolean
}

interface Job {
  account: string
  controller: AbortController
  unbroken: boolean
}

interface Turn {
  account: string
  take(): void
}

export interface WaitingBounds {
  /** Maximum number of requests that wait for platforms at once. */
  waiting: number
  /** How long a request waits for its place, in milliseconds. */
  turn: number
}

/**
 * An account's share is `waiting / (accounts + 1)`, at least one, so that there is always room for one more account. A
 * request that exceeds the share, or finds every place taken by accounts within theirs, waits in turn, and gets
 * `overloaded` when its time is over.
 */
export function createWaiting({ waiting: maxJobs, turn: maxTurnMs }: WaitingBounds): Waiting {
  const jobs = new Set<Job>()
  const turns: Turn[] = []

  function share(newcomer?: string): number {
    const accounts = new Set([...jobs, ...turns].map(({ account }) => account))
    if (newcomer !== undefined) accounts.add(newcomer)
    return Math.max(1, Math.floor(maxJobs / (accounts.size + 1)))
  }

  /** Cancels the newest request of the account that is furthest above its share, which frees a place at once. */
  function makeRoom(newcomer: string): boolean {
    const { newest, count } = greediestOf(jobs)
    if (!newest || count <= share(newcomer)) return false
    jobs.delete(newest)
    newest.controller.abort(overloaded(maxJobs))
    return true
  }

  function mayBegin(account: string): boolean {
    return runningOf(jobs, account) < share(account) && (jobs.size < maxJobs || makeRoom(account))
  }

  /** Gives free places to waiting requests, first to the accounts that have the fewest. */
  function next(): void {
    const waiting = turns.map((turn) => ({ turn, running: runningOf(jobs, turn.account) }))
    for (const { turn } of waiting.sort((one, other) => one.running - other.running)) {
      if (jobs.size >= maxJobs) return
      if (runningOf(jobs, turn.account) < share()) turn.take()
    }
  }

  async function enter(account: string, job: Job): Promise<void> {
    if (mayBegin(account)) jobs.add(job)
    else await waitInTurn(account, job)
  }

  async function waitInTurn(account: string, job: Job): Promise<void> {
    const queued = turns.filter((turn) => turn.account === account).length
    if (turns.length >= 2 * maxJobs || queued >= share(account)) throw overloaded(maxJobs)
    const isTaken = await queueTurn(turns, { account, begin: () => jobs.add(job) }, maxTurnMs)
    if (!isTaken) throw overloaded(maxJobs)
  }

  return async (account, work, { unbroken = false } = {}) => {
    const job: Job = { account, controller: new AbortController(), unbroken }
    await enter(account, job)
    try {
      return await work(job.controller.signal)
    } finally {
      jobs.delete(job)
      next()
    }
  }
}

/** Whether a place became free before that many milliseconds had passed; `begin` is then called at once. */
function queueTurn(
  turns: Turn[],
  { account, begin }: { account: string; begin(): void },
  maxTurnMs: number,
): Promise<boolean> {
  return new Promise((resolve) => {
    const leave = () => turns.splice(turns.indexOf(turn), 1)
    const timer = setTimeout(() => {
      leave()
      resolve(false)
    }, maxTurnMs)
    const turn: Turn = {
      account,
      take() {
        clearTimeout(timer)
        leave()
        begin()
        resolve(true)
      },
    }
    turns.push(turn)
  })
}

function runningOf(jobs: Set<Job>, account: string): number {
  let count = 0
  for (const job of jobs) if (job.account === account) count++
  return count
}

/** The account with the most requests that may be cancelled: how many it has, and the newest of them. */
function greediestOf(jobs: Set<Job>): { newest: Job | undefined; count: number } {
  const counts = new Map<string, number>()
  for (const { account, unbroken } of jobs) if (!unbroken) counts.set(account, (counts.get(account) ?? 0) + 1)
  const [greediest, count] = [...counts].sort(([, one], [, other]) => other - one)[0] ?? ['', 0]
  return { newest: [...jobs].findLast(({ account, unbroken }) => account === greediest && !unbroken), count }
}

function overloaded(maxJobs: number): Failure {
  const message = `This server waits for ${maxJobs} answers of platforms already, or for as many of your own as it can. Try again in a moment.`
  return new Failure('overloaded', message, { retryAfter: RETRY_AFTER_SECONDS })
}
