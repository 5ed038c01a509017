// A new or renewed API token: shown only once, with the command that exchanges it.

import { CloseButton } from '@mantine/core'
import { useEffect } from 'react'
import { CodeLine } from '../ui/code-line.tsx'
import { focusOn } from '../ui/focus.ts'
import classes from './new-token.module.css'

interface NewTokenProps {
  name: string
  token: string
  publicUrl: string
  onClose: () => void
}

export function NewToken({ name, token, publicUrl, onClose }: NewTokenProps) {
  useEffect(() => focusOn('fresh-token'), [])
  return (
    <section className={classes.fresh} aria-labelledby="fresh-token">
      <div className={classes.head}>
        <h2 id="fresh-token" tabIndex={-1}>
          Copy “{name}” now
        </h2>
        <CloseButton aria-label="I have copied it" onClick={onClose} />
      </div>
      <p>It is shown this once. Forgelink keeps only a fingerprint of it.</p>
      <CodeLine code={token} label="Copy token" />
      <p>This exchanges it for a bearer token of one hour:</p>
      <CodeLine
        code={`curl -X POST --user ":${token}" \\\n  ${publicUrl}/v1/tokens/exchange`}
        label="Copy the exchange command"
      />
    </section>
  )
}
