// Sets the light or dark scheme before the first paint. A file of its own, because the CSP allows no inline script.
;(() => {
  let chosen = null
  try {
    chosen = localStorage.getItem('forgelink-color-scheme')
  } catch {
    // Storage may be switched off; then the system's setting is used.
  }
  const dark = chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  document.documentElement.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light')
})()
