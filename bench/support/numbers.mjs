// Medians and percentiles.

export function median(values) {
  return percentile(values, 0.5)
}

/** `part` from 0 to 1. */
export function percentile(values, part) {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]
}
