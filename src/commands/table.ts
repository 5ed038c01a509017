// Rows in columns for a terminal.

/** The first row is the head; each column is as wide as its widest cell. */
export function table(rows: string[][]): string {
  const [head = []] = rows
  const widths = head.map((_name, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)))
  return rows
    .map((cells) =>
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
