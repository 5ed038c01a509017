// The search as the API call that does the same, ready to copy.

import { publicPath } from '../public-path.ts'
import { followLink } from '../router.ts'
import { CodeLine } from '../ui/code-line.tsx'
import { Section } from '../ui/page.tsx'

export function SameCall({ command }: { command: string }) {
  return (
    <Section
      title="The same over the API"
      lead={
        <>
          <code>$BEARER_TOKEN</code> comes from exchanging one of your{' '}
          <a href={publicPath('/tokens')} onClick={followLink}>
            API tokens
          </a>
          .
        </>
      }
    >
      <CodeLine code={command} label="Copy the curl command" />
    </Section>
  )
}
