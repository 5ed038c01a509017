// Builds the dashboard, which the service serves. scripts/prepare.mjs says where to: `vite build --outDir`.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

/** Writes .br and .gz files beside those that get smaller; the service sends them to browsers that accept them. */
function compressed(): Plugin {
  let outDir = ''
  return {
    name: 'compressed',
    configResolved({ root, build }) {
      outDir = resolve(root, build.outDir)
    },
    closeBundle() {
      const files = readdirSync(outDir, { recursive: true, encoding: 'utf8' })
      for (const file of files.filter((name) => /\.(js|css|svg)$/.test(name))) {
        const content = readFileSync(join(outDir, file))
        writeFileSync(join(outDir, `${file}.br`), brotliCompressSync(content))
        writeFileSync(join(outDir, `${file}.gz`), gzipSync(content, { level: 9 }))
      }
    },
  }
}

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), compressed()],
  // The server writes PUBLIC_URL's path into the page; scripts and styles find each other relative to their own
  // address. https://vite.dev/guide/build#advanced-base-options
  experimental: {
    renderBuiltUrl: (file, { hostType }) => (hostType === 'html' ? `__BASE_PATH__/${file}` : { relative: true }),
  },
  build: {
    rolldownOptions: {
      input: [join(import.meta.dirname, 'index.html'), join(import.meta.dirname, 'fonts.css')],
      output: {
        // The pages that the server renders itself use the dashboard's fonts, and know no hash.
        assetFileNames: ({ names }) =>
          names.includes('fonts.css') ? '[name][extname]' : 'assets/[name]-[hash][extname]',
      },
    },
    emptyOutDir: true,
    // The CSP allows data: addresses only for images.
    assetsInlineLimit: 0,
    target: 'es2022',
    reportCompressedSize: false,
  },
})
