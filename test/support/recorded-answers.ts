// Answers of the real platforms, which lie beside the repository where it is developed and are no part of it.
import { existsSync, readFileSync } from 'node:fs'

export interface RecordedAnswer {
  /** The call and a number, `gh-pulls-04`. */
  id: string
  /** Why it may not be what the platform sent. */
  doubtful?: string
  request: { method: string; path: string }
  status: number
  /** Names in lower case. */
  headers: Record<string, string>
  /** JSON, or text where it was none. */
  body: unknown
}

/** null where the recordings are not at hand. */
export function readRecordedAnswers(platform: 'github' | 'gitlab'): RecordedAnswer[] | null {
  const file = new URL(`../../../shared/data/recorded/${platform}.jsonl`, import.meta.url)
  if (!existsSync(file)) return null
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as RecordedAnswer)
}

/** Belong to the connection and the encoding of the body, which are others when it is sent again. */
const OF_THE_CONNECTION = ['content-length', 'transfer-encoding', 'content-encoding', 'connection', 'status']

export function headersToSend(answer: RecordedAnswer): Record<string, string> {
  return Object.fromEntries(Object.entries(answer.headers).filter(([name]) => !OF_THE_CONNECTION.includes(name)))
}

export function bodyToSend({ body }: RecordedAnswer): string {
  return typeof body === 'string' ? body : JSON.stringify(body)
}
