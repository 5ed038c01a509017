// The page of SSH keys: lists, adds and removes them.

import { Button, Textarea, TextInput } from '@mantine/core'
import { useState } from 'react'
import { addKey, type Key, removeKey } from '../api.ts'
import { Load } from '../loaded.tsx'
import { useChange, useKeys } from '../queries.ts'
import { RowsSkeleton } from '../shell/skeletons.tsx'
import { CopyButton } from '../ui/copy-button.tsx'
import { Empty } from '../ui/empty.tsx'
import { Failed } from '../ui/failed.tsx'
import { fieldError, formFailure } from '../ui/field.ts'
import { focusOn } from '../ui/focus.ts'
import form from '../ui/form.module.css'
import { Form } from '../ui/form.tsx'
import list from '../ui/list.module.css'
import { Page, Panel, Section } from '../ui/page.tsx'
import { Question } from '../ui/question.tsx'
import { Time } from '../ui/time.tsx'
import { announce } from '../ui/toast.tsx'

const YOUR_KEYS = 'your-keys'

export function KeysPage() {
  const keys = useKeys()
  return (
    <Page
      title="SSH keys"
      lead="Public keys your tools may hand to machines. Import them from a linked account on your profile, or paste one."
    >
      <Section id={YOUR_KEYS} title="Your keys">
        <Load of={keys} skeleton={<RowsSkeleton rows={3} height={84} />}>
          {(found) => <KeyList keys={found} />}
        </Load>
      </Section>
      <Section title="Add a key">
        <Panel>
          <AddKey />
        </Panel>
      </Section>
    </Page>
  )
}

function KeyList({ keys }: { keys: Key[] }) {
  const [asked, setAsked] = useState<Key | null>(null)
  const removal = useChange((key: Key) => removeKey(key.id), { stale: ['keys'], done })

  function done(_nothing: unknown, key: Key) {
    announce(`${key.name} is removed.`)
    setAsked(null)
    focusOn(YOUR_KEYS)
  }

  if (keys.length === 0) {
    return (
      <Empty icon="key" title="No keys yet">
        <p>Paste one below, or import those of a linked account on your profile.</p>
      </Empty>
    )
  }
  return (
    <>
      <ul className={list.list}>
        {keys.map((key) => (
          <li key={key.id} className={list.row}>
            <div className={list.main}>
              <h3 className={list.name}>{key.name}</h3>
              <p className={list.code}>
                <code>{key.fingerprint_sha256}</code>
              </p>
              <p className={list.meta}>
                <span>{typeOf(key)}</span>
                <span>
                  Added <Time at={key.created_at} />
                </span>
              </p>
            </div>
            <div className={list.actions}>
              <CopyButton text={key.content} label={`Copy ${key.name}`} />
              <Button variant="default" size="xs" onClick={() => setAsked(key)} aria-label={`Remove ${key.name}`}>
                Remove
              </Button>
            </div>
          </li>
        ))}
      </ul>
      <Question
        opened={asked !== null}
        title="Remove this key?"
        answer="Remove"
        danger
        change={removal}
        onYes={() => asked && removal.mutate(asked)}
        onClose={() => setAsked(null)}
      >
        <p>
          <strong>{asked?.name}</strong> is no longer handed out. Machines that have it already keep it, and nothing
          changes at the platform it came from.
        </p>
        <p>
          <code>{asked?.fingerprint_sha256}</code>
        </p>
      </Question>
    </>
  )
}

/** "ssh-ed25519" of "ssh-ed25519 AAAA… comment". */
function typeOf({ content }: Key): string {
  return content.trim().split(/\s+/, 1)[0] ?? ''
}

function AddKey() {
  const [name, setName] = useState('')
  const [content, setContent] = useState('')
  const adding = useChange(addKey, { stale: ['keys'], done })
  const failure = formFailure(adding.error, ['name', 'content'])

  function done(key: Key) {
    announce(`${key.name} is added.`)
    setName('')
    setContent('')
    focusOn(YOUR_KEYS)
  }

  return (
    <Form error={adding.error} onSubmit={() => adding.mutate({ name, content })}>
      <TextInput
        label="Name"
        placeholder="Laptop"
        autoComplete="off"
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        error={fieldError(adding.error, 'name', 'The name')}
      />
      <Textarea
        className={form.mono}
        label="Public key"
        description="The one line of a .pub file, such as ~/.ssh/id_ed25519.pub"
        placeholder="ssh-ed25519 AAAA…"
        autoComplete="off"
        spellCheck={false}
        rows={4}
        value={content}
        onChange={(event) => setContent(event.currentTarget.value)}
        error={fieldError(adding.error, 'content', 'The key')}
      />
      {failure && <Failed failure={failure} />}
      <div className={form.start}>
        <Button type="submit" loading={adding.isPending}>
          Add key
        </Button>
      </div>
    </Form>
  )
}
