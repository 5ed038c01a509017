// Copies a text and confirms it.

import { Button } from '@mantine/core'
import { useEffect, useState } from 'react'
import { Icon } from './icons.tsx'
import { announce } from './toast.tsx'

interface CopyButtonProps {
  text: string
  /** What is copied, for screen readers: "Copy token"; only "Copy" is visible. */
  label: string
}

export function CopyButton({ text, label }: CopyButtonProps) {
  const [copied, setCopied] = useState(false)
  useEffect(() => {
    if (!copied) return
    const timer = setTimeout(() => setCopied(false), 2000)
    return () => clearTimeout(timer)
  }, [copied])

  async function copy() {
    const done = await writeClipboard(text)
    setCopied(done)
    announce(done ? 'Copied.' : 'The browser did not let us copy. Select the text and copy it yourself.')
  }

  return (
    <Button
      variant="default"
      size="xs"
      onClick={copy}
      aria-label={label}
      leftSection={<Icon name={copied ? 'check' : 'copy'} size={16} />}
    >
      {copied ? 'Copied' : 'Copy'}
    </Button>
  )
}

/** Browsers have a clipboard for https and localhost only. */
async function writeClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return false
  }
}
