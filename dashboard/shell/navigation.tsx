// The links to the pages: everybody's, and those of administrators.

import { useId } from 'react'
import type { Session } from '../api.ts'
import { publicPath } from '../public-path.ts'
import { followLink, type PagePath } from '../router.ts'
import { Icon, type IconName } from '../ui/icons.tsx'
import classes from './navigation.module.css'

interface PageLink {
  path: PagePath
  label: string
  icon: IconName
}

const pages: PageLink[] = [
  { path: '/profile', label: 'Profile', icon: 'person' },
  { path: '/repositories', label: 'Repositories', icon: 'book' },
  { path: '/pull-requests', label: 'Pull requests', icon: 'merge' },
  { path: '/keys', label: 'SSH keys', icon: 'key' },
  { path: '/tokens', label: 'API tokens', icon: 'ticket' },
  { path: '/activity', label: 'Activity', icon: 'clock' },
]

const administration: PageLink[] = [
  { path: '/administration', label: 'Overview', icon: 'gauge' },
  { path: '/administration/users', label: 'Users', icon: 'people' },
  { path: '/administration/links', label: 'Links', icon: 'chain' },
  { path: '/administration/activity', label: 'All activity', icon: 'lines' },
  { path: '/administration/service-tokens', label: 'Service tokens', icon: 'server' },
]

interface NavigationProps {
  path: string
  role: Session['role']
  onFollow?: () => void
}

export function Navigation({ path, role, onFollow }: NavigationProps) {
  const groupId = useId()
  return (
    <nav aria-label="Pages" className={classes.groups}>
      <PageLinks links={pages} path={path} onFollow={onFollow} />
      {role === 'admin' && (
        <div>
          <p id={groupId} className={classes.group}>
            Administration
          </p>
          <PageLinks links={administration} path={path} labelledBy={groupId} onFollow={onFollow} />
        </div>
      )}
    </nav>
  )
}

interface PageLinksProps extends Omit<NavigationProps, 'role' | 'onFollow'> {
  links: PageLink[]
  labelledBy?: string
  onFollow: (() => void) | undefined
}

function PageLinks({ links, path, labelledBy, onFollow }: PageLinksProps) {
  return (
    <ul className={classes.list} aria-labelledby={labelledBy}>
      {links.map((page) => (
        <li key={page.path}>
          <a
            href={publicPath(page.path)}
            className={classes.link}
            aria-current={currentAt(page.path, path)}
            onClick={(event) => {
              followLink(event)
              onFollow?.()
            }}
          >
            <Icon name={page.icon} />
            {page.label}
          </a>
        </li>
      ))}
    </ul>
  )
}

/** A user's page belongs to the list of users. */
function currentAt(page: PagePath, path: string): 'page' | 'true' | undefined {
  if (path === page) return 'page'
  return page === '/administration/users' && path.startsWith(`${page}/`) ? 'true' : undefined
}
