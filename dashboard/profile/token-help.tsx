// Which scopes a token needs, each with what for, and the page of that very platform where it is made.

import { platforms, type SelfHostedType, scopes, tokenPage } from '../platforms.ts'
import { ExternalLink } from '../ui/external-link.tsx'
import classes from './token-help.module.css'

export function TokenHelp({ type, address }: { type: SelfHostedType; address: string }) {
  const page = tokenPage(type, address)
  return (
    <div className={classes.help}>
      <p className={classes.title}>Scopes the token needs</p>
      <dl className={classes.scopes}>
        {scopes[type].map(({ name, why, optional }) => (
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
          <ExternalLink to={page}>
            Make such a token on your {platforms[type].label.replace(' self-hosted', '')}
          </ExternalLink>
        ) : (
          <span className={classes.hint}>Type the address, and a link to its token page appears here.</span>
        )}
      </p>
    </div>
  )
}
