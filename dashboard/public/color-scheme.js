// Sets light or dark before anything is painted. A file of its own, because the CSP lets no inline script run.
;(() => {
  let chosen = null
  try {
    chosen = localStorage.getItem('forgelink-color-scheme')
  } catch {
    // Storage may be switched off; the system's choice is taken then.
  }
  const dark = chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  document.documentElement.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light')
})()
