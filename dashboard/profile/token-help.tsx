// The scopes that a token needs, each with its purpose, and the platform's own page where it is created.

import { webAddress } from '../addresses.ts'
import type { Platform, ScmType } from '../api.ts'
import { usePlatform } from '../told-platforms.ts'
import { ExternalLink } from '../ui/external-link.tsx'
import classes from './token-help.module.css'

export function TokenHelp({ type, address }: { type: ScmType; address: string }) {
  const platform = usePlatform(type)
  const page = newTokenPage(platform, address)
  return (
    <div className={classes.help}>
      <p className={classes.title}>Scopes the token needs</p>
      <dl className={classes.scopes}>
        {platform.scopes.map(({ name, why, optional }) => (
          <div key={name}>
            <dt>
              <code>{name}</code>
              {optional && <span className={classes.optional}> optional</span>}
            </dt>
            <dd>{why}</dd>
          </div>
        ))}
      </dl>
      <p>
        {page ? (
          <ExternalLink to={page}>Make such a token on your {platform.words.server}</ExternalLink>
        ) : (
          <span className={classes.hint}>Type the address, and a link to its token page appears here.</span>
        )}
      </p>
    </div>
  )
}

/** null while `address` is not a web address. */
function newTokenPage({ new_token_path }: Platform, address: string): string | null {
  const root = webAddress(address.trim())?.replace(/\/+$/, '')
  return root ? root + new_token_path : null
}
