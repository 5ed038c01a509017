// Times as the API writes them: `2019-08-12T11:59:37.298Z`.

export function now(): string {
  return new Date().toISOString()
}

export const DAY_MS = 86_400_000
