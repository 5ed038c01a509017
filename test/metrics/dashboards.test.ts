// The files for Prometheus and Grafana, and the page that lists the metrics: each name in them is one that a service has.

import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parser } from '@prometheus-io/lezer-promql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { type Service, send, startService } from '../support/service.ts'

const root = resolve(import.meta.dirname, '..', '..')
const read = (...path: string[]) => readFileSync(join(root, ...path), 'utf8')

interface Rule {
  alert: string
  expr: string
  for?: string
  labels: { severity: string }
  annotations: Record<string, string>
}

interface Panel {
  id: number
  type: string
  title: string
  gridPos: { x: number; y: number; w: number; h: number }
  datasource?: { type: string; uid: string }
  targets?: { expr: string }[]
}

const rules: Rule[] = parse(read('deploy', 'prometheus', 'alerts.yaml')).groups.flatMap(
  ({ rules }: { rules: Rule[] }) => rules,
)
const dashboard = JSON.parse(read('deploy', 'grafana', 'forgelink.json'))
const panels: Panel[] = dashboard.panels
const drawn = panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })))
/** Grafana puts a duration in its place. */
const filled = (expr: string) => expr.replaceAll('$__rate_interval', '5m')

let service: Service
/** Of each metric: its name, and its labels. */
let metrics: Map<string, string>

beforeAll(async () => {
  service = await startService('SQLite', { METRICS_TOKEN: 'metrics' })
  const { text } = await send('GET', `${service.url}/metrics`, undefined, { authorization: 'Bearer metrics' })
  metrics = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => [name, type]))
})
afterAll(() => service.close())

/** The names of metrics in an expression; throws where it is no PromQL. */
function namesIn(expr: string): string[] {
  const names: string[] = []
  parser.parse(filled(expr)).iterate({
    enter(node) {
      if (node.type.isError) throw new Error(`not PromQL at ${node.from}: ${expr}`)
      const isName = node.name === 'Identifier' && node.node.parent?.name === 'VectorSelector'
      if (isName) names.push(filled(expr).slice(node.from, node.to))
    },
  })
  return names
}

/** A histogram has three kinds of series. */
function isThere(name: string): boolean {
  const [, histogram = ''] = /^(.+)_(bucket|count|sum)$/.exec(name) ?? []
  return metrics.has(name) || metrics.get(histogram) === 'histogram'
}

describe('the parser that the other tests rely on', () => {
  it('reads names, and rejects what is no PromQL', () => {
    expect(namesIn('sum by (host) (rate(a_total{b="c_d"}[5m])) > 2 and on (job) e_info')).toEqual(['a_total', 'e_info'])
    for (const wrong of ['sum(', 'rate(a_total[5m]', 'a_total{b=c}', 'a b'])
      expect(() => namesIn(wrong)).toThrow('PromQL')
  })
})

describe('alerts.yaml', () => {
  it.each(rules.map((rule) => [rule.alert, rule] as const))('%s is about metrics that there are', (_alert, rule) => {
    const names = namesIn(rule.expr)
    expect(names.length).toBeGreaterThan(0)
    expect(names.filter((name) => !isThere(name))).toEqual([])
    expect(rule.alert).toMatch(/^Forgelink[A-Z]/)
    expect(['page', 'ticket']).toContain(rule.labels.severity)
    expect(Object.keys(rule.annotations)).toEqual(['summary', 'description'])
    expect(rule.for ?? '1m').toMatch(/^\d+[mhd]$/)
  })

  it('are the alerts that docs/operations.md lists', () => {
    const listed = [...read('docs', 'operations.md').matchAll(/^\| `(Forgelink\w+)` \|/gm)].map(([, name]) => name)
    expect(listed.sort()).toEqual(rules.map(({ alert }) => alert).sort())
  })
})

describe('forgelink.json', () => {
  it.each(drawn.map(({ title, expr }) => [`${title}: ${expr}`, expr]))('%s', (_title, expr) => {
    expect(namesIn(expr).filter((name) => !isThere(name))).toEqual([])
    const selectors = expr.split('{').length - 1
    expect(expr.split('{job=~"$job",instance=~"$instance"').length - 1).toBe(selectors)
  })

  it('shows every metric of ours', () => {
    const shown = new Set(
      drawn.flatMap(({ expr }) => namesIn(expr).map((name) => name.replace(/_(bucket|count|sum)$/, ''))),
    )
    const ours = [...metrics.keys()].filter((name) => name.startsWith('forgelink_'))
    expect(ours.filter((name) => !shown.has(name))).toEqual([])
  })

  // The classic model of Grafana 13 has the version 42, and older ones read it:
  // https://grafana.com/docs/grafana/v13.1/dashboards/build-dashboards/view-dashboard-json-model/
  it('has the form of the classic model, its own uid, and no id of somebody else’s Grafana', () => {
    expect(dashboard).toMatchObject({ id: null, uid: 'forgelink', title: 'Forgelink', schemaVersion: 42 })
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    for (const { type, gridPos, datasource } of panels) {
      expect(['row', 'stat', 'timeseries']).toContain(type)
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24)
      if (type !== 'row') expect(datasource).toEqual({ type: 'prometheus', uid: `\${datasource}` })
    }
    const variables = dashboard.templating.list.map(({ name, type }: { name: string; type: string }) => [name, type])
    expect(variables).toEqual([
      ['datasource', 'datasource'],
      ['job', 'query'],
      ['instance', 'query'],
    ])
  })

  it('has no two panels in one place', () => {
    const taken = new Set<string>()
    for (const { title, gridPos } of panels) {
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(taken.has(`${x} ${y}`), title).toBe(false)
          taken.add(`${x} ${y}`)
        }
      }
    }
  })
})

it('docs/operations.md lists every metric of ours, and no other', () => {
  const listed = [...read('docs', 'operations.md').matchAll(/^\| `(forgelink_\w+)` \|/gm)].map(([, name]) => name)
  expect(listed.sort()).toEqual([...metrics.keys()].filter((name) => name.startsWith('forgelink_')).sort())
})
