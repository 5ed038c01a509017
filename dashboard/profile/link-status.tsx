// A link's status in words, and below it what is wrong and how to fix it.

import { ExternalLink } from '../ui/external-link.tsx'
import { Notice } from '../ui/notice.tsx'
import classes from './link-status.module.css'
import type { LinkStatus } from './status.ts'

export function LinkStatusLine({ status }: { status: LinkStatus }) {
  return (
    <p className={classes.status} data-tone={status.tone}>
      <span className="visually-hidden">Status: </span>
      {status.words}
    </p>
  )
}

export function LinkProblems({ status }: { status: LinkStatus }) {
  if (status.problems.length === 0) return null
  const fixUrl = status.problems.find((problem) => problem.fixUrl !== null)?.fixUrl ?? null
  return (
    <Notice tone={status.tone === 'bad' ? 'bad' : 'warn'}>
      {status.problems.map(({ message }) => (
        <p key={message}>{message}</p>
      ))}
      {fixUrl && (
        <p>
          <ExternalLink to={fixUrl}>
            {status.wantsToken ? 'Open the platform’s token page' : 'Open the platform’s page for this'}
          </ExternalLink>
        </p>
      )}
    </Notice>
  )
}
