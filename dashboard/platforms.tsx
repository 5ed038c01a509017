// The icons of the platforms. Everything else about vendors comes from the server.

import type { ReactNode } from 'react'
import type { VendorName } from '../src/platforms/scm-types.ts'

const cat = (
  <path
    fill="currentColor"
    d="M16 3.2A12.8 12.8 0 0 0 3.2 16c0 5.6 3.6 10.3 8.6 12 .7.1.9-.3.9-.7v-2.5c-3 .7-4-.8-4.4-1.9-.2-.6-.8-1.5-1.3-1.8-.5-.3-1.1-.9 0-1 1 0 1.7.9 2 1.3 1.1 1.9 2.9 1.4 3.7 1 .1-.8.4-1.4.8-1.7-2.9-.3-5.9-1.4-5.9-6.3 0-1.4.5-2.5 1.3-3.4-.1-.3-.6-1.6.1-3.4 0 0 1.1-.3 3.5 1.3a12 12 0 0 1 6.4 0c2.4-1.7 3.5-1.3 3.5-1.3.7 1.8.3 3.1.1 3.4.8.9 1.3 2 1.3 3.4 0 4.9-3 6-5.9 6.3.5.4.9 1.2.9 2.4v3.5c0 .4.2.9.9.7A12.8 12.8 0 0 0 16 3.2Z"
  />
)

const fox = (
  <>
    <path fill="#e2432a" d="m16 27.5 5-15.3H11Z" />
    <path fill="#fc6d26" d="M16 27.5 11 12.2H4Z" />
    <path fill="#fca326" d="m4 12.2-1.5 4.7c-.2.5 0 1 .4 1.3L16 27.5Z" />
    <path fill="#e2432a" d="M4 12.2h7L8 3c-.2-.5-.9-.5-1 0Z" />
    <path fill="#fc6d26" d="m16 27.5 5-15.3h7Z" />
    <path fill="#fca326" d="m28 12.2 1.5 4.7c.2.5 0 1-.4 1.3L16 27.5Z" />
    <path fill="#e2432a" d="M28 12.2h-7L24 3c.2-.5.9-.5 1 0Z" />
  </>
)

/** Drawn in a square of 32. */
export const icons: Record<VendorName, ReactNode> = { github: cat, gitlab: fox }
