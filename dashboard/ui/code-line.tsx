// A command to copy.

import classes from './code-line.module.css'
import { CopyButton } from './copy-button.tsx'

export function CodeLine({ code, label }: { code: string; label: string }) {
  return (
    <div className={classes.box}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls sideways, which the keyboard must be able to do */}
      <section className={classes.scroller} tabIndex={0} aria-label={label.replace(/^Copy (the )?/, '')}>
        <pre>
          <code>{code}</code>
        </pre>
      </section>
      <CopyButton text={code} label={label} short="Copy" />
    </div>
  )
}
