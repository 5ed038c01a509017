// Placeholders that are shown while data loads.

import { Skeleton } from '@mantine/core'
import classes from './skeletons.module.css'

export function ShellSkeleton() {
  return (
    <div className={classes.shell}>
      <PageSkeleton />
    </div>
  )
}

export function PageSkeleton() {
  return (
    <div className={classes.page} aria-busy="true">
      <Skeleton height={34} width="40%" radius="md" />
      <Skeleton height={18} width="75%" radius="md" />
      <RowsSkeleton rows={2} height={150} />
    </div>
  )
}

export function RowsSkeleton({ rows, height }: { rows: number; height: number }) {
  return (
    <div className={classes.rows}>
      {Array.from({ length: rows }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all the same
        <Skeleton key={index} height={height} radius="lg" />
      ))}
    </div>
  )
}
