// Loads the page anew when the server no longer has one of its files, because another version of Forgelink runs there
// now. It has no hash in its name, so that every version has it, and the page's own scripts need not be there for it.
;(() => {
  const RELOADED = 'forgelink-reloaded'
  /** How often a page of one build is loaded anew by itself in one tab: a file that is missing for good is no loop. */
  const MAX_RELOADS = 2
  /** The same when all files are in the browser's cache by then, so that it helps if this build comes again. */
  const MAX_RELOADS_FROM_CACHE = 10
  /** Before each try to fetch a file: together longer than a server takes to restart. */
  const PAUSES_MS = [0, 100, 200, 400, 800, 1600]

  /** The name of the page's script has a hash of its content. */
  function buildOf(page) {
    return page.querySelector('script[type="module"]')?.src ?? ''
  }

  /** How often each build was loaded anew; undefined without storage, where nothing can be counted. */
  function readCounts() {
    try {
      return JSON.parse(sessionStorage.getItem(RELOADED) ?? '{}')
    } catch {
      return undefined
    }
  }

  /** All files of the page so far, those of a page that was just opened too: Vite adds their links before it imports. */
  function filesOf(page) {
    const elements = page.querySelectorAll('script[type="module"], link[rel="modulepreload"], link[rel="stylesheet"]')
    return [...elements].map(({ src, href }) => src || href)
  }

  /** `unanswered`: by no server, even without having the file. A file that is found stays in the browser's cache. */
  async function fetchFile(address, isPatient) {
    let state = 'unanswered'
    for (const pause of PAUSES_MS) {
      await new Promise((resolve) => setTimeout(resolve, pause))
      const answer = await fetch(address).catch(() => undefined)
      if (answer?.ok) {
        await answer.arrayBuffer()
        return 'found'
      }
      if (answer) state = 'missing'
      if (answer && !isPatient) break
    }
    return state
  }

  /**
   * The state of the first file that is not found. One after the other: of servers that answer in turn, each of two
   * files asked for at once would come to the same one again and again.
   */
  async function fetchFiles(addresses, isPatient) {
    for (const address of addresses) {
      const state = await fetchFile(address, isPatient)
      if (state !== 'found') return state
    }
    return 'found'
  }

  /**
   * Ends when the page is not loaded anew: the server does not answer, or this has not helped. The first time it is
   * enough to ask for the page again. Where that does not help, two servers of different versions share the address,
   * and each lacks the other's files; then each file is tried until it comes from the one that has it.
   */
  async function reload() {
    if (document.readyState === 'loading') {
      await new Promise((resolve) => document.addEventListener('DOMContentLoaded', resolve, { once: true }))
    }
    const build = buildOf(document)
    const counts = readCounts()
    if (!counts) return
    const count = counts[build] ?? 0
    const state = await fetchFiles(filesOf(document), count > 0)
    if (state === 'unanswered' || count >= (state === 'missing' ? MAX_RELOADS : MAX_RELOADS_FROM_CACHE)) return
    sessionStorage.setItem(RELOADED, JSON.stringify({ ...counts, [build]: count + 1 }))
    location.reload()
    await new Promise(() => undefined)
  }

  /** For a page that has nothing to show: its own script is missing. */
  function sayThatItFailed() {
    const root = document.getElementById('root')
    if (!root || root.childElementCount > 0) return
    const button = Object.assign(document.createElement('button'), { textContent: 'Reload' })
    button.addEventListener('click', () => location.reload())
    const sentence = document.createElement('p')
    sentence.textContent = 'Forgelink could not be loaded. Its server may be restarting: try again in a moment.'
    Object.assign(root.style, { padding: '2rem', font: '1rem/1.5 system-ui, sans-serif' })
    root.append(sentence, button)
  }

  let running
  globalThis.reloadForMissingFiles = () => {
    running ??= reload().finally(() => {
      running = undefined
    })
    return running
  }

  // Errors of elements do not bubble, but they can be captured.
  addEventListener(
    'error',
    ({ target }) => {
      const isFile =
        (target instanceof HTMLScriptElement && target.type === 'module') ||
        (target instanceof HTMLLinkElement && target.rel === 'stylesheet')
      if (isFile) globalThis.reloadForMissingFiles().then(sayThatItFailed)
    },
    true,
  )
})()
