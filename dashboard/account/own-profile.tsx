// Who the user is: name, picture, user name and address, with a dialog that edits the first two.

import { Button, Modal, TextInput } from '@mantine/core'
import { useState } from 'react'
import { editProfile, type User } from '../api.ts'
import { useChange } from '../queries.ts'
import { DialogForm } from '../ui/dialog-form.tsx'
import { fieldError, formFailure } from '../ui/field.ts'
import list from '../ui/list.module.css'
import { Portrait } from '../ui/portrait.tsx'
import { announce } from '../ui/toast.tsx'
import classes from './own-profile.module.css'

export function OwnProfile({ user }: { user: User }) {
  const [isEditing, setEditing] = useState(false)
  return (
    <div className={list.list}>
      <div className={list.row}>
        <div className={classes.who}>
          <Portrait id={user.id} username={user.fullname} size={56} version={user.updated_at} />
          <div>
            <h3 className={list.name}>{user.fullname}</h3>
            <p className={list.meta}>
              <span>{user.username}</span>
              {user.email && <span>{user.email}</span>}
            </p>
          </div>
        </div>
        <div className={list.actions}>
          <Button variant="default" size="xs" onClick={() => setEditing(true)}>
            Edit name and picture
          </Button>
        </div>
      </div>
      <Modal opened={isEditing} onClose={() => setEditing(false)} title="Edit name and picture">
        <ProfileForm user={user} onClose={() => setEditing(false)} />
      </Modal>
    </div>
  )
}

function ProfileForm({ user, onClose }: { user: User; onClose: () => void }) {
  // Who has no name of their own is called by the user name.
  const [name, setName] = useState(user.fullname === user.username ? '' : user.fullname)
  const [picture, setPicture] = useState(user.avatar_url ?? '')
  const change = useChange(editProfile, { stale: ['session'], done })

  function done() {
    announce('Your name and picture are saved.')
    onClose()
  }

  return (
    <DialogForm
      change={change}
      failure={formFailure(change.error, ['fullname', 'avatar_url'])}
      answer="Save"
      onSubmit={() => change.mutate({ fullname: name.trim() || null, avatar_url: picture.trim() || null })}
      onClose={onClose}
    >
      <TextInput
        label="Name"
        description="Empty: you are called by your user name."
        autoComplete="name"
        data-autofocus
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        error={fieldError(change.error, 'fullname', 'The name')}
      />
      <TextInput
        label="Address of your picture"
        description="A PNG, JPEG, GIF or WebP of at most 256 KiB at a public https address. Without one, or while it cannot be fetched, your initials are shown."
        type="url"
        placeholder="https://"
        autoComplete="photo"
        value={picture}
        onChange={(event) => setPicture(event.currentTarget.value)}
        error={fieldError(change.error, 'avatar_url', 'The address')}
      />
    </DialogForm>
  )
}
