// An account's picture, or its initials while the picture loads and when there is none.

import { Avatar } from '@mantine/core'
import { useState } from 'react'
import { publicPath } from '../../public-path.ts'
import classes from './integration-card.module.css'

export function Portrait({ id, username }: { id: string; username: string }) {
  const [isLoaded, setLoaded] = useState(false)
  return (
    <span className={classes.portrait}>
      <Avatar alt="" name={username} color="petrol" size={48} aria-hidden="true" />
      <img
        className={classes.picture}
        src={publicPath(`/avatars/${encodeURIComponent(id)}`)}
        alt=""
        data-loaded={isLoaded}
        onLoad={() => setLoaded(true)}
      />
    </span>
  )
}
