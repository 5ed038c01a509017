// From the command to the first answer of /readyz: on an empty store, on one that is in use, and on one of a million links.

import { startForgelink } from '../support/forgelink.mjs'
import { fillWithLinks } from '../support/many-links.mjs'
import { median } from '../support/numbers.mjs'
import { alone } from '../support/rows.mjs'
import { openStage } from '../support/stage.mjs'

const MAX_MS = 500
const MILLION = 1_000_000

export const start = {
  name: 'start',
  async run(stage, { engine, million }) {
    const { measures } = stage
    const folder = { contest: 'start', where: stage.engine }
    const empty = await startTimes(measures.starts, async () => ({ ...stage.settings, ...(await engine.create()).env }))
    const used = await openStage(engine, stage)
    await used.service.stop()
    const existing = await startTimes(measures.starts, () => used.settings)
    const rows = [
      alone({ ...folder, how: 'empty store' }, median(empty), 'ms'),
      alone({ ...folder, how: 'existing store' }, median(existing), 'ms', { atMost: MAX_MS }),
    ]
    if (!million) return rows
    await fillWithLinks(used.store, used.links.few[0], MILLION)
    const full = await startTimes(measures.starts, () => used.settings)
    return [...rows, alone({ ...folder, how: '1,000,000 links' }, median(full), 'ms', { atMost: MAX_MS })]
  },
}

async function startTimes(times, settingsOf) {
  const taken = []
  for (let n = 0; n < times; n++) {
    const service = await startForgelink(await settingsOf())
    taken.push(service.startMs)
    await service.stop()
  }
  return taken
}
