// One found pull request.

import type { PullRequest } from '../api.ts'
import { ExternalLink } from '../ui/external-link.tsx'
import classes from './results.module.css'

const states: Record<PullRequest['state'], { label: string; tone: string | undefined }> = {
  open: { label: 'Open', tone: 'good' },
  merged: { label: 'Merged', tone: 'accent' },
  closed: { label: 'Closed', tone: undefined },
}

export function PullRequestRow({ pullRequest, sign }: { pullRequest: PullRequest; sign: string }) {
  const { title, number, html_url, state, source_repo_name, source_repo_html_url } = pullRequest
  const { label, tone } = states[state]
  return (
    <li className={classes.row}>
      <div className={classes.main}>
        <div className={classes.rowHead}>
          <ExternalLink to={html_url} className={classes.name}>
            <bdi>{title || 'Without a title'}</bdi>{' '}
            <span className={classes.owner}>
              {sign}
              {number}
            </span>
          </ExternalLink>
          <span className={classes.tag} data-tone={tone}>
            {label}
          </span>
        </div>
        <p className={classes.meta}>
          {source_repo_name === null ? (
            <span>Its source is deleted, or hidden from you</span>
          ) : (
            <span>
              From <ExternalLink to={source_repo_html_url}>{source_repo_name}</ExternalLink>
            </span>
          )}
        </p>
      </div>
    </li>
  )
}
