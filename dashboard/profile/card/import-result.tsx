// The result of an import: which keys were added, and which were left out and why.

import { CloseButton } from '@mantine/core'
import { useEffect, useRef } from 'react'
import type { ImportedKeys } from '../../api.ts'
import { publicPath } from '../../public-path.ts'
import { followLink } from '../../router.ts'
import classes from './import-result.module.css'

export function ImportResult({ result, onClose }: { result: ImportedKeys; onClose: () => void }) {
  const { keys, skipped } = result
  const head = useRef<HTMLParagraphElement>(null)
  // The button that asked for it could not be used meanwhile, which takes the focus from it.
  useEffect(() => {
    if (document.activeElement === document.body) head.current?.focus({ preventScroll: true })
  }, [])
  return (
    <div className={classes.result}>
      <div className={classes.head}>
        <p ref={head} tabIndex={-1}>
          {headline(keys.length)}
        </p>
        <CloseButton aria-label="Close the result" onClick={onClose} />
      </div>
      {keys.length > 0 && (
        <>
          <ul className={classes.list}>
            {keys.map((key) => (
              <li key={key.id}>
                <span className={classes.title}>{key.name}</span>
                <code className={classes.detail}>{key.fingerprint_sha256}</code>
              </li>
            ))}
          </ul>
          <p>
            <a href={publicPath('/keys')} onClick={followLink}>
              See your SSH keys
            </a>
          </p>
        </>
      )}
      {skipped.length > 0 && (
        <>
          <p className={classes.left}>
            {skipped.length === 1 ? '1 was left out:' : `${skipped.length} were left out:`}
          </p>
          <ul className={classes.list}>
            {skipped.map(({ title, reason }, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: two may have the same title
              <li key={index}>
                <span className={classes.title}>{title || 'without a title'}</span>
                <span className={classes.detail}>{reason}</span>
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  )
}

function headline(count: number): string {
  if (count === 0) return 'Nothing new: every usable key of this account is here already.'
  return count === 1 ? '1 key was imported.' : `${count} keys were imported.`
}
