// A word or two about a thing in a list, such as its status.

import type { ReactNode } from 'react'
import classes from './badge.module.css'

interface BadgeProps {
  tone: 'good' | 'warn' | 'bad' | 'accent' | 'quiet'
  children: ReactNode
}

export function Badge({ tone, children }: BadgeProps) {
  return (
    <span className={classes.badge} data-tone={tone}>
      {children}
    </span>
  )
}
