// What a search shows before anything is asked.

import { Empty } from '../ui/empty.tsx'

export function StartIdeas({ title }: { title: string }) {
  return (
    <Empty icon="search" title={title}>
      <p>Results appear as you type. Several words must all occur; put quotation marks around a phrase.</p>
    </Empty>
  )
}
