// The icons: 20 by 20 strokes in the colour of the text beside them. They only repeat what words already say.

import type { ReactNode } from 'react'

const shapes = {
  person: (
    <>
      <circle cx="10" cy="6.75" r="3.25" />
      <path d="M3.75 17c.7-3.2 3.2-5 6.25-5s5.55 1.8 6.25 5" />
    </>
  ),
  people: (
    <>
      <circle cx="7.75" cy="7" r="2.75" />
      <path d="M2.5 16c.6-2.8 2.7-4.4 5.25-4.4S12.4 13.2 13 16M12.75 4.5a2.75 2.75 0 0 1 0 5M14.5 11.9c1.6.6 2.7 2 3 4.1" />
    </>
  ),
  gauge: (
    <>
      <path d="M4.6 15.5a7 7 0 1 1 10.8 0" />
      <path d="m10 11.5 3-3.75" />
    </>
  ),
  chain: (
    <>
      <path d="m8.75 12.5-1.6 1.6a2.9 2.9 0 0 1-4.1-4.1l2.6-2.6a2.9 2.9 0 0 1 4.3.2" />
      <path d="m11.25 7.5 1.6-1.6a2.9 2.9 0 0 1 4.1 4.1l-2.6 2.6a2.9 2.9 0 0 1-4.3-.2" />
    </>
  ),
  lines: <path d="M7.5 5.5H17M7.5 10H17M7.5 14.5H17M3.5 5.5h.01M3.5 10h.01M3.5 14.5h.01" />,
  server: (
    <>
      <rect x="3" y="3.75" width="14" height="5.25" rx="1.5" />
      <rect x="3" y="11" width="14" height="5.25" rx="1.5" />
      <path d="M6 6.4h.01M6 13.6h.01" />
    </>
  ),
  back: <path d="m12 5-5 5 5 5" />,
  book: <path d="M4.5 15.5V4.75c0-1 .8-1.75 1.75-1.75h9.25v11H6.25c-1 0-1.75.7-1.75 1.5S5.25 17 6.25 17h9.25v-3" />,
  merge: (
    <>
      <circle cx="5.5" cy="4.75" r="1.9" />
      <circle cx="5.5" cy="15.25" r="1.9" />
      <circle cx="14.5" cy="10" r="1.9" />
      <path d="M5.5 6.65v6.7M5.8 6.65c.6 2.2 2.7 3.35 6.8 3.35" />
    </>
  ),
  key: (
    <>
      <circle cx="6.75" cy="13.25" r="3.25" />
      <path d="m9.1 10.9 7.15-7.15M13.25 6.75l2.25 2.25M11 9l1.5 1.5" />
    </>
  ),
  ticket: (
    <path d="M3 7.25V5.5A1 1 0 0 1 4 4.5h12a1 1 0 0 1 1 1v1.75a2.75 2.75 0 0 0 0 5.5v1.75a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1v-1.75a2.75 2.75 0 0 0 0-5.5ZM8 8.25h4M8 11.75h4" />
  ),
  clock: (
    <>
      <circle cx="10" cy="10" r="6.75" />
      <path d="M10 6.25V10l2.75 1.75" />
    </>
  ),
  copy: (
    <>
      <rect x="7" y="7" width="9.5" height="9.5" rx="2" />
      <path d="M13 7V5.5a2 2 0 0 0-2-2H5.5a2 2 0 0 0-2 2V11a2 2 0 0 0 2 2H7" />
    </>
  ),
  check: <path d="m4.5 10.5 3.75 3.75 7.25-8" />,
  alert: (
    <>
      <path d="M10 3.25 17.5 16.25h-15Z" />
      <path d="M10 8.25v3.5M10 14v.01" />
    </>
  ),
  search: (
    <>
      <circle cx="9" cy="9" r="5.25" />
      <path d="m13 13 3.75 3.75" />
    </>
  ),
  menu: <path d="M3.5 6h13M3.5 10h13M3.5 14h13" />,
  sun: (
    <>
      <circle cx="10" cy="10" r="3.25" />
      <path d="M10 2.5v1.75M10 15.75v1.75M2.5 10h1.75M15.75 10h1.75M4.7 4.7l1.24 1.24M14.06 14.06l1.24 1.24M4.7 15.3l1.24-1.24M14.06 5.94l1.24-1.24" />
    </>
  ),
  moon: <path d="M16.25 11.75A6.75 6.75 0 0 1 8.25 3.75a6.75 6.75 0 1 0 8 8Z" />,
  screen: (
    <>
      <rect x="3" y="4" width="14" height="9.5" rx="1.75" />
      <path d="M7.5 16.5h5" />
    </>
  ),
  chevrons: <path d="m7 8 3-3 3 3M7 12l3 3 3-3" />,
  lock: (
    <>
      <rect x="4.5" y="9" width="11" height="7.5" rx="1.75" />
      <path d="M7 9V6.75a3 3 0 0 1 6 0V9" />
    </>
  ),
  import: <path d="M10 3.5v8.5M6.5 8.75 10 12.25l3.5-3.5M4 15.75h12" />,
  fork: (
    <>
      <circle cx="5.5" cy="4.75" r="1.75" />
      <circle cx="14.5" cy="4.75" r="1.75" />
      <circle cx="10" cy="15.25" r="1.75" />
      <path d="M5.5 6.5c0 3 4.5 2.25 4.5 5v2M14.5 6.5c0 3-4.5 2.25-4.5 5" />
    </>
  ),
  exit: (
    <path d="M8.5 16.5H5.25a1.5 1.5 0 0 1-1.5-1.5V5a1.5 1.5 0 0 1 1.5-1.5H8.5M12.5 13.5 16 10l-3.5-3.5M15.5 10H8" />
  ),
} satisfies Record<string, ReactNode>

export type IconName = keyof typeof shapes

export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {shapes[name]}
    </svg>
  )
}
