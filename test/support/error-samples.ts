// Collected upstream error answers, which lie beside the repository where it is developed and are no part of it.
import { existsSync, readFileSync } from 'node:fs'
import type { RawAnswer } from '../../src/platforms/transport/guard.ts'

const file = new URL('../../../shared/data/upstream-error-samples.json', import.meta.url)

export interface ErrorSample extends RawAnswer {
  case: string
  classify_as: string
}

/** null where the samples are not at hand. */
export function readErrorSamples(platform: 'github' | 'gitlab'): ErrorSample[] | null {
  if (!existsSync(file)) return null
  const { cases } = JSON.parse(readFileSync(file, 'utf8')) as { cases: (ErrorSample & { platform: string })[] }
  // OAuth, redirects and 5xx never reach an adapter's reading of errors.
  const isOurs = (sample: ErrorSample) =>
    sample.status >= 400 && sample.status < 500 && !/^POST |^check token/.test(sample.case)
  return cases.filter((sample) => sample.platform === platform && isOurs(sample))
}
