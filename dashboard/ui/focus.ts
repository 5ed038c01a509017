// Moves the focus when the element that had it disappears, so that it never gets lost.

/** Moves the focus to the element with that id, such as a section's heading, once the change is rendered. */
export function focusOn(id: string): void {
  setTimeout(() => {
    const element = document.getElementById(id)
    element?.focus({ preventScroll: true })
    element?.scrollIntoView({ block: 'nearest' })
  })
}
