// Short messages about what was just done, shown for a moment and read out by screen readers.

import { useEffect, useState } from 'react'
import classes from './toast.module.css'

const SAID = 'forgelink:said'
const SHOWN_MS = 4500

/** Shows a sentence, and lets screen readers read it out. */
export function announce(text: string): void {
  window.dispatchEvent(new CustomEvent(SAID, { detail: text }))
}

export function Toast() {
  const [said, setSaid] = useState({ text: '', count: 0 })

  useEffect(() => {
    function hear(event: Event) {
      if (event instanceof CustomEvent) setSaid(({ count }) => ({ text: String(event.detail), count: count + 1 }))
    }
    window.addEventListener(SAID, hear)
    return () => window.removeEventListener(SAID, hear)
  }, [])

  useEffect(() => {
    if (said.text === '') return
    const timer = setTimeout(() => setSaid(({ count }) => ({ text: '', count })), SHOWN_MS)
    return () => clearTimeout(timer)
  }, [said])

  return (
    <div className={classes.corner} role="status" aria-live="polite">
      {said.text && (
        <p key={said.count} className={classes.toast}>
          {said.text}
        </p>
      )}
    </div>
  )
}
