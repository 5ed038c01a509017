// Where the focus goes when what had it is gone: never to nowhere.

/** Moves the focus to an element of that id, such as a section's heading, once what was just changed is shown. */
export function focusOn(id: string): void {
  setTimeout(() => {
    const element = document.getElementById(id)
    element?.focus({ preventScroll: true })
    element?.scrollIntoView({ block: 'nearest' })
  })
}
