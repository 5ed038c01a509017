// The links to the six pages.

import { publicPath } from '../public-path.ts'
import { followLink, type PagePath } from '../router.ts'
import { Icon, type IconName } from '../ui/icons.tsx'
import classes from './navigation.module.css'

const pages: { path: PagePath; label: string; icon: IconName }[] = [
  { path: '/profile', label: 'Profile', icon: 'person' },
  { path: '/repositories', label: 'Repositories', icon: 'book' },
  { path: '/pull-requests', label: 'Pull requests', icon: 'merge' },
  { path: '/keys', label: 'SSH keys', icon: 'key' },
  { path: '/tokens', label: 'API tokens', icon: 'ticket' },
  { path: '/activity', label: 'Activity', icon: 'clock' },
]

export function Navigation({ path, onFollow }: { path: string; onFollow?: () => void }) {
  return (
    <nav aria-label="Pages">
      <ul className={classes.list}>
        {pages.map((page) => (
          <li key={page.path}>
            <a
              href={publicPath(page.path)}
              className={classes.link}
              aria-current={path === page.path ? 'page' : undefined}
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
    </nav>
  )
}
