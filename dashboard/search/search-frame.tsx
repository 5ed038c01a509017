// What both searches share: words, a link, the page's own controls, the results, and the same call over the API.

import type { ReactNode } from 'react'
import type { Found, Integration, SearchCall, SearchInput, Session } from '../api.ts'
import { Load } from '../loaded.tsx'
import { publicPath } from '../public-path.ts'
import { useIntegrations } from '../queries.ts'
import { followLink } from '../router.ts'
import { RowsSkeleton } from '../shell/skeletons.tsx'
import { Empty } from '../ui/empty.tsx'
import { fieldError } from '../ui/field.ts'
import { Panel } from '../ui/page.tsx'
import { SearchBox } from '../ui/search-box.tsx'
import { curlOfSearch } from './curl.ts'
import filters from './filters.module.css'
import { LinkChoice } from './link-choice.tsx'
import { Results } from './results.tsx'
import { SameCall } from './same-call.tsx'
import { type Grammar, useFound, useSearchAddress } from './use-search.ts'

interface Controls<Filter> {
  link: Integration
  filter: Filter
  /** Whether typing has paused, so that an incomplete query may be called wrong. */
  isPaused: boolean
  change: (part: Partial<Filter>) => void
}

interface SearchProps<Filter, Item> extends Grammar<Filter> {
  session: Session
  path: string
  call: SearchCall
  search: (input: SearchInput) => Promise<Found<Item>>
  /** What the user must do first, while the query is not complete. */
  missing: (filter: Filter) => string | undefined
  /** "repository", "repositories". */
  noun: (link: Integration) => [string, string]
  placeholder: string
  controls: (controls: Controls<Filter>) => ReactNode
  row: (item: Item, link: Integration) => ReactNode
}

/** Nothing can be searched without a link, so that is checked first. */
export function Search<Filter extends { words: string }, Item>(props: SearchProps<Filter, Item>) {
  const integrations = useIntegrations()
  return (
    <Load of={integrations} skeleton={<RowsSkeleton rows={2} height={120} />}>
      {([first, ...others]) =>
        first ? (
          <LinkedSearch {...props} integrations={[first, ...others]} />
        ) : (
          <Empty icon="search" title="There is no account to search with">
            <p>
              <a href={publicPath('/profile')} onClick={followLink}>
                Link one on your profile
              </a>
              , then come back.
            </p>
          </Empty>
        )
      }
    </Load>
  )
}

interface LinkedSearchProps<Filter, Item> extends SearchProps<Filter, Item> {
  integrations: [Integration, ...Integration[]]
}

function LinkedSearch<Filter extends { words: string }, Item>(props: LinkedSearchProps<Filter, Item>) {
  const { integrations, session, path, call, search, missing, noun, placeholder, controls, row } = props
  const { link, query, filter, isTyped, page, change, chooseLink, goToPage } = useSearchAddress(
    path,
    integrations,
    props,
  )
  const isComplete = (asked: string) => missing(props.read(asked)) === undefined
  const { found, settled, isPaused } = useFound({ path, link, query, page, isTyped, search, isComplete })
  const wanting = missing(filter)

  return (
    <>
      <Panel>
        {/* biome-ignore lint/a11y/useSemanticElements: the search element is not known to all browsers yet */}
        <form className={filters.form} role="search" onSubmit={(event) => event.preventDefault()}>
          <div className={filters.wide}>
            <SearchBox
              placeholder={placeholder}
              value={filter.words}
              busy={wanting === undefined && (!isPaused || (found.state === 'loaded' && found.busy))}
              error={found.state === 'failed' && isPaused ? fieldError(found.failure, 'query', 'The query') : undefined}
              onChange={(words) => change({ words } as Partial<Filter>)}
            />
          </div>
          <LinkChoice integrations={integrations} chosen={link} onChoose={chooseLink} />
          {controls({ link, filter, isPaused, change })}
        </form>
      </Panel>
      {wanting !== undefined || !isComplete(settled) ? (
        <Empty icon="search" title={wanting ?? 'Searching…'}>
          <p>Results appear as you type. Several words must all occur; put quotation marks around a phrase.</p>
        </Empty>
      ) : (
        <>
          <Results found={found} link={link} page={page} noun={noun(link)} words={filter.words} onPage={goToPage}>
            {(item) => row(item, link)}
          </Results>
          <SameCall command={curlOfSearch(session.public_url, { call, link: link.id, query: settled, page })} />
        </>
      )}
    </>
  )
}
