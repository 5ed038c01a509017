// What became of everything that a deactivated user had: which tokens somebody still has to revoke, and where.

import { useEffect, useId } from 'react'
import { hostOf } from '../../addresses.ts'
import { usePlatform } from '../../told-platforms.ts'
import { Badge } from '../../ui/badge.tsx'
import { ExternalLink } from '../../ui/external-link.tsx'
import { focusOn } from '../../ui/focus.ts'
import list from '../../ui/list.module.css'
import { Notice } from '../../ui/notice.tsx'
import { Section } from '../../ui/page.tsx'
import { PlatformLogo } from '../../ui/platform-logo.tsx'
import { Time } from '../../ui/time.tsx'
import type { Account, Report, TrailEvent } from '../api.ts'
import { useList } from '../queries.ts'
import classes from './user.module.css'

type ReportedLink = Report['integrations'][number]

const outcomes: Record<ReportedLink['token'], { tone: 'good' | 'warn' | 'bad'; words: string; text: string | null }> = {
  revoked: { tone: 'good', words: 'Revoked', text: null },
  pending: {
    tone: 'warn',
    words: 'Pending',
    text: 'The platform did not revoke it at once. It is asked again, for up to thirty days; the trail says when it has.',
  },
  pasted: {
    tone: 'bad',
    words: 'Left to revoke',
    text: 'It was pasted. It is deleted here, but valid at the platform until its person, or an administrator there, revokes it.',
  },
}

interface ReportSectionProps {
  user: Account
  /** Whether the user was deactivated on this page, just now. */
  isNew: boolean
}

/** Also of who was deactivated by SCIM or on the command line: the trail has the report. */
export function ReportSection({ user, isNew }: ReportSectionProps) {
  const query = new URLSearchParams({ type: 'deactivation_report', user: user.id, per_page: '1' })
  const events = useList<TrailEvent>('events', query.toString())
  const event = events.state === 'loaded' ? events.value.items[0] : undefined
  // Older events may have been pruned.
  if (!event) return null
  return <Reported username={user.username} event={event} isNew={isNew} />
}

function Reported({ username, event, isNew }: { username: string; event: TrailEvent; isNew: boolean }) {
  const headingId = useId()
  const report = event.type_data as Report
  const left = report.integrations.filter(({ token }) => token !== 'revoked').length
  useEffect(() => {
    if (isNew) focusOn(headingId)
  }, [isNew, headingId])

  return (
    <Section
      id={headingId}
      title={`${username} is deactivated`}
      lead={
        <>
          {endedWords(report)} Reported <Time at={event.created_at} />.
        </>
      }
    >
      <Notice tone={left === 0 ? 'good' : 'warn'}>
        <p>{leftWords(left)}</p>
      </Notice>
      {report.integrations.length > 0 && (
        <ul className={list.list}>
          {report.integrations.map((link) => (
            <ReportRow key={`${link.url} ${link.username}`} link={link} />
          ))}
        </ul>
      )}
    </Section>
  )
}

function ReportRow({ link: { scm_type, url, username, token, revoke_url } }: { link: ReportedLink }) {
  const { label } = usePlatform(scm_type)
  const { tone, words, text } = outcomes[token]
  return (
    <li className={list.row}>
      <PlatformLogo type={scm_type} size={26} />
      <div className={list.main}>
        <h3 className={list.name}>
          {username} on {hostOf(url)}
        </h3>
        <p className={classes.text}>{text ?? label}</p>
        {revoke_url !== null && (
          <p className={classes.text}>
            <ExternalLink to={revoke_url}>Where it is revoked</ExternalLink>
          </p>
        )}
      </div>
      <Badge tone={tone}>{words}</Badge>
    </li>
  )
}

/** "2 links, 1 API token and no session ended." */
function endedWords({ integrations, tokens, sessions }: Report): string {
  const links = counted(integrations.length, 'link', 'links')
  return `${links}, ${counted(tokens, 'API token', 'API tokens')} and ${counted(sessions, 'session', 'sessions')} ended.`
}

function leftWords(left: number): string {
  if (left === 0) return 'No token of theirs was left at a platform.'
  return left === 1 ? 'One token was not revoked at once.' : `${left} tokens were not revoked at once.`
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`
}
