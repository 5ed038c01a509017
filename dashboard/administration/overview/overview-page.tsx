// The first page of administrators: how many there are of what, and what is in trouble.

import { hostOf } from '../../addresses.ts'
import { Load } from '../../loaded.tsx'
import { statusWords } from '../../profile/card/status.ts'
import { RowsSkeleton } from '../../shell/skeletons.tsx'
import { usePlatforms } from '../../told-platforms.ts'
import { Badge } from '../../ui/badge.tsx'
import { ExternalLink } from '../../ui/external-link.tsx'
import list from '../../ui/list.module.css'
import { Notice } from '../../ui/notice.tsx'
import { Page, Section } from '../../ui/page.tsx'
import { Time } from '../../ui/time.tsx'
import type { Overview } from '../api.ts'
import { useOverview } from '../queries.ts'
import { Breakdown } from './breakdown.tsx'
import { Figures } from './figures.tsx'
import classes from './overview.module.css'

export function OverviewPage() {
  const overview = useOverview()
  return (
    <Page title="Overview" lead="Who and what is here, and what needs somebody to look at it.">
      <Load of={overview} skeleton={<RowsSkeleton rows={3} height={150} />}>
        {(found) => <Parts overview={found} />}
      </Load>
    </Page>
  )
}

function Parts({ overview }: { overview: Overview }) {
  const { integrations, counted_at, hosts_in_trouble, keys } = overview
  const platforms = usePlatforms()
  return (
    <>
      <div>
        <Figures overview={overview} />
        <p className={classes.counted}>
          Counted <Time at={counted_at} />
        </p>
      </div>
      <div className={classes.breakdowns}>
        <Breakdown
          title="Links by status"
          filter="status"
          counts={integrations.by_status}
          rows={Object.entries(statusWords).map(([name, { words, tone }]) => ({ name, label: words, tone }))}
        />
        <Breakdown
          title="Links by platform"
          filter="scm_type"
          counts={integrations.by_type}
          rows={platforms.map(({ scm_type, label }) => ({ name: scm_type, label, tone: 'accent' }))}
        />
      </div>
      <Section
        title="Hosts in trouble"
        lead="Platforms that this server does not call at present, because they have failed repeatedly."
      >
        {hosts_in_trouble.length === 0 ? (
          <Notice tone="good">
            <p>There is none: every platform is called.</p>
          </Notice>
        ) : (
          <ul className={list.list}>
            {hosts_in_trouble.map((host) => (
              <HostRow key={host.url} host={host} />
            ))}
          </ul>
        )}
      </Section>
      <Section
        title="Encryption keys"
        lead="With these, stored secrets are sealed. More than one means that a rotation is not complete."
      >
        <ul className={list.list}>
          {keys.map(({ id, newest }) => (
            <li key={id} className={list.row}>
              <div className={classes.what}>
                <h3 className={list.name}>
                  <code>{id}</code>
                </h3>
              </div>
              {newest ? <Badge tone="good">Seals what is new</Badge> : <Badge tone="warn">Only opens</Badge>}
            </li>
          ))}
        </ul>
      </Section>
    </>
  )
}

function HostRow({ host: { url, accounts, retry_after } }: { host: Overview['hosts_in_trouble'][number] }) {
  return (
    <li className={list.row}>
      <div className={classes.what}>
        <h3 className={list.name}>
          <ExternalLink to={url}>{hostOf(url)}</ExternalLink>
        </h3>
        <p className={list.meta}>
          <span>
            {accounts === null ? 'For all accounts' : `For ${accounts} ${accounts === 1 ? 'account' : 'accounts'}`}
          </span>
          <span>Tried again in {retry_after} s</span>
        </p>
      </div>
      <Badge tone="bad">Not called</Badge>
    </li>
  )
}
