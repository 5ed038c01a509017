// One found repository.

import { type Integration, type Repository, readableQuery } from '../api.ts'
import { publicPath } from '../public-path.ts'
import { followLink } from '../router.ts'
import { usePlatform } from '../told-platforms.ts'
import { ExternalLink } from '../ui/external-link.tsx'
import { Icon } from '../ui/icons.tsx'
import { capitalized } from '../ui/words.ts'
import classes from './results.module.css'

export function RepositoryRow({ repository, link }: { repository: Repository; link: Integration }) {
  const { fullName, url, description, fork, default_branch } = repository
  const { words } = usePlatform(link.scm_type)
  const slash = fullName.lastIndexOf('/') + 1
  const changes = new URLSearchParams({ link: link.id, query: `repo:${fullName} is:open` })
  return (
    <li className={classes.row}>
      <div className={classes.main}>
        <div className={classes.rowHead}>
          <ExternalLink to={url} className={classes.name}>
            <span className={classes.owner}>{fullName.slice(0, slash)}</span>
            {fullName.slice(slash)}
          </ExternalLink>
          {repository.private && (
            <span className={classes.tag}>
              <Icon name="lock" size={13} /> Private
            </span>
          )}
          {fork && (
            <span className={classes.tag}>
              <Icon name="fork" size={13} /> Fork
            </span>
          )}
        </div>
        {description && <p className={classes.description}>{description}</p>}
      </div>
      <p className={classes.aside}>
        <span>{default_branch === null ? 'Empty' : <code title="Default branch">{default_branch}</code>}</span>
        <a href={publicPath(`/pull-requests?${readableQuery(changes)}`)} onClick={followLink}>
          {capitalized(words.change_requests)}
          <span className="visually-hidden"> of {fullName}</span>
        </a>
      </p>
    </li>
  )
}
