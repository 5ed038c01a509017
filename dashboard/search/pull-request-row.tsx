// One found pull request: where it is, what it is, who opened it and when.

import type { PullRequest } from '../api.ts'
import { ExternalLink } from '../ui/external-link.tsx'
import { Time } from '../ui/time.tsx'
import classes from './results.module.css'

const states: Record<PullRequest['state'], { label: string; tone: string | undefined }> = {
  open: { label: 'Open', tone: 'good' },
  merged: { label: 'Merged', tone: 'accent' },
  closed: { label: 'Closed', tone: undefined },
}

export function PullRequestRow({ pullRequest, sign }: { pullRequest: PullRequest; sign: string }) {
  const { title, number, html_url, state, repo_name } = pullRequest
  const { label, tone } = states[state]
  return (
    <li className={classes.row}>
      <div className={classes.main}>
        <div className={classes.rowHead}>
          <ExternalLink to={html_url} className={classes.name}>
            <span className={`${classes.owner} ${classes.where}`}>
              {repo_name === null ? '' : `${repo_name} `}
              {sign}
              {number}
            </span>{' '}
            <bdi>{title || 'Without a title'}</bdi>
          </ExternalLink>
          <span className={classes.tag} data-tone={tone}>
            {label}
          </span>
        </div>
        <p className={classes.meta}>
          <Opened pullRequest={pullRequest} />
          <Source pullRequest={pullRequest} />
        </p>
      </div>
    </li>
  )
}

function Opened({ pullRequest: { author, created_at } }: { pullRequest: PullRequest }) {
  if (author === null && created_at === null) return null
  return (
    <span>
      Opened {created_at !== null && <Time at={created_at} />}
      {author !== null && (
        <>
          {' '}
          by <bdi>{author}</bdi>
        </>
      )}
    </span>
  )
}

/** Where the change comes from, unless that is the repository that it is in. */
function Source({ pullRequest }: { pullRequest: PullRequest }) {
  const { source_repo_name, source_repo_html_url, repo_name } = pullRequest
  if (source_repo_name === null) return <span>Its source is deleted, or hidden from you</span>
  if (source_repo_name === repo_name) return null
  return (
    <span>
      From <ExternalLink to={source_repo_html_url}>{source_repo_name}</ExternalLink>
    </span>
  )
}
