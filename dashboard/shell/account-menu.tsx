// The menu of the signed-in user.

import { Menu, UnstyledButton } from '@mantine/core'
import { type MouseEvent, useRef } from 'react'
import type { User } from '../api.ts'
import { signOut } from '../api.ts'
import { asFailure } from '../failure.ts'
import { publicPath } from '../public-path.ts'
import { useChange } from '../queries.ts'
import { followLink } from '../router.ts'
import { Icon } from '../ui/icons.tsx'
import { Portrait } from '../ui/portrait.tsx'
import { announce } from '../ui/toast.tsx'
import classes from './account-menu.module.css'

interface AccountMenuProps {
  user: User
  /** null: the user has no password. */
  onChangePassword: (() => void) | null
  onFollow: () => void
}

export function AccountMenu({ user, onChangePassword, onFollow }: AccountMenuProps) {
  const leaving = useChange(leave)
  const opener = useRef<HTMLButtonElement>(null)

  /** A dialog gives the focus back to what had it; the entry of the menu is gone by then. */
  function changePassword() {
    opener.current?.focus()
    onChangePassword?.()
  }

  return (
    <Menu width={240} position="top-start">
      <Menu.Target>
        <UnstyledButton className={classes.account} ref={opener}>
          {user.avatar_url ? (
            <Portrait id={user.id} username={user.fullname} size={34} version={user.updated_at} />
          ) : (
            <span className={classes.initial} aria-hidden="true">
              {[...user.fullname][0]?.toUpperCase()}
            </span>
          )}
          <span className={classes.names}>
            <span className="visually-hidden">Account: </span>
            <span className={classes.name}>{user.fullname}</span>
            <span className={classes.email}>{user.email}</span>
          </span>
          <Icon name="chevrons" size={16} />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item
          leftSection={<Icon name="person" size={16} />}
          component="a"
          href={publicPath('/account')}
          onClick={(event: MouseEvent<HTMLAnchorElement>) => {
            followLink(event)
            onFollow()
          }}
        >
          Your account
        </Menu.Item>
        {onChangePassword && (
          <Menu.Item leftSection={<Icon name="lock" size={16} />} onClick={changePassword}>
            Change password
          </Menu.Item>
        )}
        <Menu.Item leftSection={<Icon name="book" size={16} />} component="a" href={publicPath('/docs')}>
          API description
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item leftSection={<Icon name="exit" size={16} />} onClick={() => leaving.mutate(undefined)}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}

async function leave(): Promise<void> {
  try {
    await signOut()
  } catch (error) {
    const { status, message } = asFailure(error)
    // With 401, the user is already signed out, and the page goes to signing in.
    if (status !== 401) announce(message)
  }
}
