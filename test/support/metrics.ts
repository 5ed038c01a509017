// What a service's /metrics says, for tests: the service must have METRICS_TOKEN=metrics.

import { send } from './service.ts'

/** All series: name with labels, and value. */
export async function readMetrics({ url }: { url: string }): Promise<Map<string, number>> {
  const { status, text } = await send('GET', `${url}/metrics`, undefined, { authorization: 'Bearer metrics' })
  if (status !== 200) throw new Error(`/metrics answered ${status}`)
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]))
}

/** The values that one label has, in all series of a metric (of its count, when it is a histogram). */
export function labelValues(series: Map<string, number>, metric: string, label: string): string[] {
  const values = [...series.keys()].flatMap((key) => {
    const [, labels = ''] = new RegExp(`^${metric}(?:_count)?{(.*)}$`).exec(key) ?? []
    return new RegExp(`(?:^|,)${label}="([^"]*)"`).exec(labels)?.[1] ?? []
  })
  return [...new Set(values)].sort()
}
