// Who is signed in, and what they can do about it.

import { Menu, UnstyledButton } from '@mantine/core'
import { useState } from 'react'
import type { User } from '../api.ts'
import { signOut } from '../api.ts'
import { useChange } from '../queries.ts'
import { Icon } from '../ui/icons.tsx'
import { announce } from '../ui/toast.tsx'
import classes from './account-menu.module.css'
import { PasswordDialog } from './password-dialog.tsx'

export function AccountMenu({ user }: { user: User }) {
  const [changing, setChanging] = useState(false)
  const leaving = useChange(signOut)

  function leave() {
    leaving.mutate(undefined, { onError: (error) => announce(error.message) })
  }

  return (
    <>
      <Menu width={240} position="top-start">
        <Menu.Target>
          <UnstyledButton className={classes.account}>
            <span className={classes.initial} aria-hidden="true">
              {user.username.slice(0, 1).toUpperCase()}
            </span>
            <span className={classes.names}>
              <span className="visually-hidden">Account: </span>
              <span className={classes.name}>{user.username}</span>
              <span className={classes.email}>{user.email}</span>
            </span>
            <Icon name="chevrons" size={16} />
          </UnstyledButton>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<Icon name="lock" size={16} />} onClick={() => setChanging(true)}>
            Change password
          </Menu.Item>
          <Menu.Item leftSection={<Icon name="book" size={16} />} component="a" href="/docs">
            API description
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item leftSection={<Icon name="exit" size={16} />} onClick={leave}>
            Sign out
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <PasswordDialog opened={changing} username={user.username} onClose={() => setChanging(false)} />
    </>
  )
}
