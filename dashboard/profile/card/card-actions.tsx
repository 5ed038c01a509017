// What can be done with a link: import its keys, mend it, end it, search through it.

import { Button } from '@mantine/core'
import type { Integration } from '../../api.ts'
import { linkPage, publicPath } from '../../public-path.ts'
import { followLink } from '../../router.ts'
import { usePlatform } from '../../told-platforms.ts'
import { Icon } from '../../ui/icons.tsx'
import { capitalized } from '../../ui/words.ts'
import classes from './integration-card.module.css'

interface CardActionsProps {
  integration: Integration
  isImporting: boolean
  /** Whether another token, or linking again, fixes what is wrong. */
  wantsToken: boolean
  onImport: () => void
  onReplaceToken: () => void
  onUnlink: () => void
}

export function CardActions({ integration, isImporting, wantsToken, ...on }: CardActionsProps) {
  const { id, scm_type } = integration
  const { self_hosted, words } = usePlatform(scm_type)
  return (
    <div className={classes.actions}>
      <Button
        variant="default"
        leftSection={<Icon name="import" size={16} />}
        loading={isImporting}
        onClick={on.onImport}
      >
        Import SSH keys
      </Button>
      {self_hosted ? (
        <Button variant={wantsToken ? 'filled' : 'default'} onClick={on.onReplaceToken}>
          Replace token
        </Button>
      ) : (
        wantsToken && (
          <Button component="a" href={linkPage(scm_type, id)}>
            Link again
          </Button>
        )
      )}
      <Button variant="subtle" color="danger" onClick={on.onUnlink}>
        Unlink
      </Button>
      <span className={classes.searches}>
        <a href={publicPath(`/repositories?link=${id}`)} onClick={followLink}>
          Repositories
        </a>
        <a href={publicPath(`/pull-requests?link=${id}`)} onClick={followLink}>
          {capitalized(words.change_requests)}
        </a>
      </span>
    </div>
  )
}
