// Shown in place of an empty list: why it is empty, and what to do.

import type { ReactNode } from 'react'
import classes from './empty.module.css'
import { Icon, type IconName } from './icons.tsx'

interface EmptyProps {
  icon: IconName
  title: string
  children: ReactNode
}

export function Empty({ icon, title, children }: EmptyProps) {
  return (
    <div className={classes.empty}>
      <span className={classes.icon}>
        <Icon name={icon} size={24} />
      </span>
      <p className={classes.title}>{title}</p>
      <div className={classes.text}>{children}</div>
    </div>
  )
}
