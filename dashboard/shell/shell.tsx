// The frame around every page: navigation, account, colour scheme, and a link to skip them with the keyboard.

import { ActionIcon, Drawer } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import type { ReactNode } from 'react'
import type { Session } from '../api.ts'
import { Icon } from '../ui/icons.tsx'
import { Toast } from '../ui/toast.tsx'
import { AccountMenu } from './account-menu.tsx'
import { Brand } from './brand.tsx'
import { ConfirmDialog } from './confirm-dialog.tsx'
import { Navigation } from './navigation.tsx'
import { PasswordDialog } from './password-dialog.tsx'
import { SchemeSwitch } from './scheme-switch.tsx'
import classes from './shell.module.css'

interface ShellProps {
  session: Session
  path: string
  children: ReactNode
}

export function Shell({ session, path, children }: ShellProps) {
  const [menuOpened, menu] = useDisclosure(false)
  const [changing, password] = useDisclosure(false)
  const foot = (
    <div className={classes.foot}>
      <SchemeSwitch />
      <AccountMenu
        user={session.user}
        onChangePassword={session.has_password ? password.open : null}
        onFollow={menu.close}
      />
    </div>
  )
  return (
    <>
      <a className={classes.skip} href="#main">
        Skip to the content
      </a>
      <div className={classes.shell}>
        <header className={classes.side}>
          <Brand />
          <div className={classes.wide}>
            <Navigation path={path} role={session.role} />
            {foot}
          </div>
          <ActionIcon
            className={classes.narrow}
            variant="subtle"
            color="gray"
            size="lg"
            aria-label="Menu"
            aria-expanded={menuOpened}
            onClick={menu.open}
          >
            <Icon name="menu" size={22} />
          </ActionIcon>
        </header>
        <main id="main" className={classes.main} tabIndex={-1}>
          {children}
        </main>
      </div>
      <Drawer
        opened={menuOpened}
        onClose={menu.close}
        // While the password dialog is open, Escape closes only that.
        closeOnEscape={!changing}
        position="right"
        size={300}
        title="Menu"
        closeButtonProps={{ 'aria-label': 'Close the menu' }}
        classNames={{ body: classes.drawer ?? '', content: classes.drawerContent ?? '' }}
      >
        <Navigation path={path} role={session.role} onFollow={menu.close} />
        {foot}
      </Drawer>
      <PasswordDialog opened={changing} username={session.user.username} onClose={password.close} />
      <ConfirmDialog session={session} />
      <Toast />
    </>
  )
}
