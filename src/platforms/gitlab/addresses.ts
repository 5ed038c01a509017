// The addresses of GitLab's pages and APIs.

import type { VendorAddresses } from '../vendor.ts'

/** The page where a person sees and creates tokens, below the web root. */
export const TOKENS_PATH = '/-/user_settings/personal_access_tokens'

/** Names that GitLab reserves for its own pages: https://docs.gitlab.com/user/reserved_names/ */
const PAGE_PATHS =
  '- .well-known admin api dashboard explore groups help jwt login oauth profile search snippets uploads user users'

export const addresses: VendorAddresses = {
  hosted: 'https://gitlab.com',
  apiUrl: (webUrl) => `${webUrl}/api/v4`,
  apiPaths: ['api/v4', 'api/graphql'],
  pagePaths: PAGE_PATHS.split(' '),
  mainHost: (host) =>
    /^(?:www|api|docs|about|registry|ssh|altssh|customers)\.gitlab\.com$/.test(host) ? 'gitlab.com' : null,
  tokensPath: TOKENS_PATH,
  newTokenPath: (scopes) => `${TOKENS_PATH}?name=Forgelink&scopes=${encodeURIComponent(scopes.join(','))}`,
}
