// A command with a button to copy it.

import classes from './code-line.module.css'
import { CopyButton } from './copy-button.tsx'

export function CodeLine({ code, label }: { code: string; label: string }) {
  return (
    <div className={classes.box}>
      <pre className={classes.code}>
        <code>{code}</code>
      </pre>
      <CopyButton text={code} label={label} />
    </div>
  )
}
