// One line of the table: what was measured of us, of another, their ratio, and the target it is held to.

/**
 * How two figures are held against each other. `figure` names one of a burst; `ratio` is what the target is about, and
 * `says` how it is put.
 */
const COMPARISONS = {
  /** Calls a second: how much of the other's throughput is ours. */
  throughput: { figure: 'perSecond', unit: '/s', ratio: (ours, theirs) => ours / theirs, says: '× of' },
  /** Milliseconds of one call: how many are ours on top of the other's. */
  added: { figure: 'medianMs', unit: 'ms', ratio: (ours, theirs) => ours - theirs, says: 'ms on top of' },
  /** Milliseconds of one call: how many times quicker we are. */
  quicker: { figure: 'medianMs', unit: 'ms', ratio: (ours, theirs) => theirs / ours, says: '× as quick as' },
}

/** `measured` comes from `duel`; `name` of us is `ours`. `target`: `{ atLeast }`, `{ atMost }` or none. */
export function compared(setting, measured, { against, by, target }) {
  const { figure, unit, ratio, says } = COMPARISONS[by]
  const [ours, theirs] = [measured.ours[figure], measured[against][figure]]
  return judged({ ...setting, ours, unit, against, theirs, ratio: ratio(ours, theirs), says, target })
}

/** A figure of ours alone; its target is about itself. */
export function alone(setting, ours, unit, target) {
  return judged({ ...setting, ours, unit, ratio: ours, target })
}

function judged({ ratio, target = {}, ...row }) {
  const { atLeast, atMost } = target
  if (atLeast !== undefined) return { ...row, ratio, target: `≥ ${atLeast}`, met: ratio >= atLeast }
  if (atMost !== undefined) return { ...row, ratio, target: `≤ ${atMost}`, met: ratio <= atMost }
  return { ...row, ratio, target: null, met: null }
}

const COLUMNS = [
  ['contest', ({ contest }) => contest],
  ['where', ({ where }) => where ?? ''],
  ['how', ({ how }) => how ?? ''],
  ['ours', ({ ours, unit }) => `${rounded(ours)} ${unit}`],
  ['theirs', ({ theirs, unit }) => (theirs === undefined ? '' : `${rounded(theirs)} ${unit}`)],
  ['ratio', ({ theirs, ratio, says, against }) => (theirs === undefined ? '' : `${rounded(ratio)} ${says} ${against}`)],
  ['target', ({ target }) => target ?? ''],
  ['met', ({ met }) => (met === null ? '' : met ? 'yes' : 'NO')],
]

export function tableOf(rows) {
  const lines = [COLUMNS.map(([name]) => name), ...rows.map((row) => COLUMNS.map(([, text]) => text(row)))]
  const widths = COLUMNS.map((_, column) => Math.max(...lines.map((line) => line[column].length)))
  return lines
    .map((line) =>
      line
        .map((text, column) => text.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function rounded(number) {
  if (Math.abs(number) >= 1_000) return Math.round(number).toLocaleString('en')
  return number.toFixed(Math.abs(number) >= 100 ? 0 : 2)
}
