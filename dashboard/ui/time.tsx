// Times as people say them; the exact time is in the tooltip and in the markup.

const DAY = 86_400_000
const date = new Intl.DateTimeFormat('en', { dateStyle: 'medium' })
const exact = new Intl.DateTimeFormat('en', { dateStyle: 'long', timeStyle: 'short' })
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })

export function Time({ at }: { at: string }) {
  const moment = new Date(at)
  if (Number.isNaN(moment.getTime())) return null
  return (
    <time dateTime={at} title={exact.format(moment)}>
      {words(moment.getTime() - Date.now()) ?? date.format(moment)}
    </time>
  )
}

/** In words when it is less than a week, else undefined. */
function words(milliseconds: number): string | undefined {
  const distance = Math.abs(milliseconds)
  if (distance < 60_000) return 'just now'
  if (distance < 3_600_000) return relative.format(Math.round(milliseconds / 60_000), 'minute')
  if (distance < DAY) return relative.format(Math.round(milliseconds / 3_600_000), 'hour')
  if (distance < 7 * DAY) return relative.format(Math.round(milliseconds / DAY), 'day')
  return undefined
}
