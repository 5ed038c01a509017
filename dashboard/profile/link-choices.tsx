// The platforms whose accounts can be linked: by OAuth on their own pages, or by address and token here.

import { Button } from '@mantine/core'
import { useState } from 'react'
import { hostOf } from '../addresses.ts'
import type { Platform } from '../api.ts'
import { linkPage } from '../public-path.ts'
import { usePlatforms } from '../told-platforms.ts'
import { PlatformLogo } from '../ui/platform-logo.tsx'
import classes from './link-choices.module.css'
import { LinkDialog } from './link-dialog.tsx'

export function LinkChoices({ onLinked }: { onLinked: (id: string) => void }) {
  const platforms = usePlatforms()
  const [linking, setLinking] = useState<Platform | null>(null)
  return (
    <>
      <ul className={classes.choices}>
        {platforms.map((platform) =>
          platform.oauth ? (
            <OAuthChoice key={platform.scm_type} platform={platform} service={platform.oauth} />
          ) : (
            <TokenChoice key={platform.scm_type} platform={platform} onChoose={setLinking} />
          ),
        )}
      </ul>
      <LinkDialog platform={linking} onPlatform={setLinking} onClose={() => setLinking(null)} onLinked={onLinked} />
    </>
  )
}

interface OAuthChoiceProps {
  platform: Platform
  service: NonNullable<Platform['oauth']>
}

function OAuthChoice({ platform: { scm_type: type, label }, service }: OAuthChoiceProps) {
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
        <Button component="a" href={linkPage(type)} variant="default">
          Link {label}
        </Button>
      )}
    </li>
  )
}

function TokenChoice({ platform, onChoose }: { platform: Platform; onChoose: (platform: Platform) => void }) {
  const { scm_type: type, label } = platform
  return (
    <li className={classes.choice}>
      <PlatformLogo type={type} size={28} />
      <div className={classes.text}>
        <h3>{label}</h3>
        <p>With the address of your server and a token you make there.</p>
      </div>
      <Button variant="default" onClick={() => onChoose(platform)}>
        Add {label}
      </Button>
    </li>
  )
}
