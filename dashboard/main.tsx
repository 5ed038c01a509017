// The start of the dashboard: styles, theme, queries, and the app.

import '@fontsource-variable/instrument-sans/index.css'
import '@fontsource-variable/jetbrains-mono/index.css'
import './styles.ts'
import './global.css'
import { localStorageColorSchemeManager, MantineProvider } from '@mantine/core'
import { QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { queryClient } from './queries.ts'
import { cssVariables, theme } from './theme.ts'
import { WhenBroken } from './ui/broken.tsx'

const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? ''
// Dialogs add a style that stops the page behind them from scrolling, and the library reads that style's nonce here.
Object.assign(globalThis, { __webpack_nonce__: nonce })

// The same name as in public/color-scheme.js.
const colorSchemeManager = localStorageColorSchemeManager({ key: 'forgelink-color-scheme' })

const root = document.getElementById('root')
if (!root) throw new Error('index.html has no #root')
createRoot(root).render(
  <StrictMode>
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      defaultColorScheme="auto"
      colorSchemeManager={colorSchemeManager}
      getStyleNonce={() => nonce}
    >
      <QueryClientProvider client={queryClient}>
        <WhenBroken>
          <App />
        </WhenBroken>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
)
