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
import type { Report } from '../api.ts'
import classes from './user.module.css'

type ReportedLink = Report['integrations'][number]

const outcomes: Record<ReportedLink['token'], { tone: 'good' | 'warn' | 'bad'; words: string; text: string | null }> = {
  revoked: { tone: 'good', words: 'Revoked', text: null },
  pending: {
    tone: 'warn',
    words: 'Pending',
    text: 'The platform has not revoked it yet. It is asked again, for up to thirty days.',
  },
  pasted: {
    tone: 'bad',
    words: 'Still valid',
    text: 'It was pasted. It is deleted here, but valid at the platform until its person, or an administrator there, revokes it.',
  },
}

export function ReportSection({ username, report }: { username: string; report: Report }) {
  const headingId = useId()
  useEffect(() => focusOn(headingId), [headingId])
  const left = report.integrations.filter(({ token }) => token !== 'revoked').length

  return (
    <Section id={headingId} title={`${username} is deactivated`} lead={endedWords(report)}>
      {left === 0 ? (
        <Notice tone="good">
          <p>No token of theirs is left at a platform.</p>
        </Notice>
      ) : (
        <Notice tone="warn">
          <p>
            {left === 1 ? 'One token is' : `${left} tokens are`} not revoked. This report stays in the trail, but is
            shown in full only now.
          </p>
        </Notice>
      )}
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

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`
}
