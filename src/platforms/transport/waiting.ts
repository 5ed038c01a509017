// How many requests of ours may wait for platforms at once, shared out fairly among accounts: one whose platforms hang takes no place from others.

import { Failure } from '../../failure.ts'

/** Some of those that wait are answered by then. */
const RETRY_AFTER_SECONDS = 2

/** Does the work once there is a place for it; its signal fires when the place is needed for an account that has fewer. */
export type Waiting = <T>(
  account: string,
  work: (signal: AbortSignal) => Promise<T>,
  options?: WaitingOptions,
) => Promise<T>

export interface WaitingOptions {
  /** Once begun it is seen through: a code that was spent must become a link. */
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
  /** Requests that wait for platforms at once. */
  waiting: number
  /** How long one waits for its place in turn, in milliseconds. */
  turn: number
}

/**
 * An account's share is `waiting / (accounts + 1)`, one at least, so that there is room for one more. What goes over it, or
 * finds all places taken by accounts within theirs, waits in turn and is then refused (`overloaded`).
 */
export function createWaiting({ waiting: maxJobs, turn: maxTurnMs }: WaitingBounds): Waiting {
  const jobs = new Set<Job>()
  const turns: Turn[] = []

  function runningOf(account: string): number {
    let count = 0
    for (const job of jobs) if (job.account === account) count++
    return count
  }

  function share(newcomer?: string): number {
    const accounts = new Set([...jobs, ...turns].map(({ account }) => account))
    if (newcomer !== undefined) accounts.add(newcomer)
    return Math.max(1, Math.floor(maxJobs / (accounts.size + 1)))
  }

  /** The newest of the account that is furthest over its share; it ends at once, and its place is free. */
  function makeRoom(newcomer: string): boolean {
    const counts = new Map<string, number>()
    for (const { account, unbroken } of jobs) if (!unbroken) counts.set(account, (counts.get(account) ?? 0) + 1)
    const [greediest, count] = [...counts].sort(([, one], [, other]) => other - one)[0] ?? ['', 0]
    if (count <= share(newcomer)) return false
    const newest = [...jobs].findLast(({ account, unbroken }) => account === greediest && !unbroken)
    if (!newest) return false
    jobs.delete(newest)
    newest.controller.abort(overloaded(maxJobs))
    return true
  }

  function mayBegin(account: string): boolean {
    return runningOf(account) < share(account) && (jobs.size < maxJobs || makeRoom(account))
  }

  /** Hands free places to those who wait, accounts with the fewest first. */
  function next(): void {
    const waiting = turns.map((turn) => ({ turn, running: runningOf(turn.account) }))
    for (const { turn } of waiting.sort((one, other) => one.running - other.running)) {
      if (jobs.size >= maxJobs) return
      if (runningOf(turn.account) < share()) turn.take()
    }
  }

  async function enter(account: string, job: Job): Promise<void> {
    if (mayBegin(account)) jobs.add(job)
    else await waitInTurn(account, job)
  }

  function waitInTurn(account: string, job: Job): Promise<void> {
    const queued = turns.filter((turn) => turn.account === account).length
    if (turns.length >= 2 * maxJobs || queued >= share(account)) throw overloaded(maxJobs)
    return new Promise((resolve, reject) => {
      const leave = () => {
        clearTimeout(timer)
        turns.splice(turns.indexOf(turn), 1)
      }
      const turn: Turn = {
        account,
        take() {
          leave()
          jobs.add(job)
          resolve()
        },
      }
      const timer = setTimeout(() => {
        leave()
        reject(overloaded(maxJobs))
      }, maxTurnMs)
      turns.push(turn)
    })
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

function overloaded(maxJobs: number): Failure {
  const message = `This server waits for ${maxJobs} answers of platforms already, or for as many of your own as it can. Try again in a moment.`
  return new Failure('overloaded', message, { retryAfter: RETRY_AFTER_SECONDS })
}
