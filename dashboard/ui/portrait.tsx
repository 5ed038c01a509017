// The picture of a user or a linked account, or its initials while the picture loads and when there is none.

import { Avatar } from '@mantine/core'
import { useState } from 'react'
import { publicPath } from '../public-path.ts'
import classes from './portrait.module.css'

interface PortraitProps {
  id: string
  username: string
  /** In pixels. */
  size: number
  /** Another value for another picture of the same one: browsers keep the picture for an hour. */
  version?: string
}

export function Portrait({ id, username, size, version }: PortraitProps) {
  const [loaded, setLoaded] = useState<string>()
  const src = publicPath(`/avatars/${encodeURIComponent(id)}${version ? `?${new URLSearchParams({ version })}` : ''}`)
  return (
    <span className={classes.portrait}>
      <Avatar alt="" name={username} color="petrol" size={size} aria-hidden="true" />
      <img
        className={classes.picture}
        src={src}
        alt=""
        width={size}
        height={size}
        data-loaded={loaded === src}
        onLoad={() => setLoaded(src)}
      />
    </span>
  )
}
