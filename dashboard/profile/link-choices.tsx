// The four ways to link an account.

import { Button } from '@mantine/core'
import { useState } from 'react'
import type { Session } from '../api.ts'
import { hostOf, platforms, type SelfHostedType } from '../platforms.ts'
import { publicPath } from '../public-path.ts'
import { PlatformLogo } from '../ui/platform-logo.tsx'
import classes from './link-choices.module.css'
import { LinkDialog } from './link-dialog.tsx'

interface LinkChoicesProps {
  oauth: Session['oauth']
  onLinked: (id: string) => void
}

export function LinkChoices({ oauth, onLinked }: LinkChoicesProps) {
  const [linking, setLinking] = useState<SelfHostedType | null>(null)
  return (
    <>
      <ul className={classes.choices}>
        <OAuthChoice type="github" service={oauth.github} />
        <OAuthChoice type="gitlab" service={oauth.gitlab} />
        <TokenChoice type="github-enterprise" onChoose={setLinking} />
        <TokenChoice type="gitlab-self-hosted" onChoose={setLinking} />
      </ul>
      <LinkDialog type={linking} onClose={() => setLinking(null)} onLinked={onLinked} />
    </>
  )
}

function OAuthChoice({ type, service }: { type: 'github' | 'gitlab'; service: Session['oauth']['github'] }) {
  const { label } = platforms[type]
  const name = type.toUpperCase()
  return (
    <li className={classes.choice}>
      <PlatformLogo type={type} size={28} />
      <div className={classes.text}>
        <h3>{label}</h3>
        {service.configured ? (
          <p>You sign in at {hostOf(service.url)} and allow it there.</p>
        ) : (
          <p>
            Not set up here. Whoever runs this Forgelink sets <code>{name}_CLIENT_ID</code> and{' '}
            <code>{name}_CLIENT_SECRET</code>.
          </p>
        )}
      </div>
      {service.configured && (
        <Button component="a" href={publicPath(`/users/${type}/link`)} variant="default">
          Link {label}
        </Button>
      )}
    </li>
  )
}

function TokenChoice({ type, onChoose }: { type: SelfHostedType; onChoose: (type: SelfHostedType) => void }) {
  const { label } = platforms[type]
  return (
    <li className={classes.choice}>
      <PlatformLogo type={type} size={28} />
      <div className={classes.text}>
        <h3>{label}</h3>
        <p>With the address of your server and a token you make there.</p>
      </div>
      <Button variant="default" onClick={() => onChoose(type)}>
        Add {label}
      </Button>
    </li>
  )
}
