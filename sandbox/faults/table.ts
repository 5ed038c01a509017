// All faults by name, and which calls some of them are limited to.

import { githubFaults } from '../github/faults.ts'
import { gitlabFaults } from '../gitlab/faults.ts'
import type { Call } from '../http.ts'
import { answerFaults } from './answers.ts'
import { connectionFaults } from './connections.ts'
import { isRefreshCall, isTokenCall, oauthFaults } from './oauth.ts'
import { pageFaults } from './pages.ts'
import { hasEncodedSlash, proxyFaults } from './proxies.ts'

export const faultTable = {
  ...connectionFaults,
  ...answerFaults,
  ...pageFaults,
  ...oauthFaults,
  ...proxyFaults,
  ...githubFaults,
  ...gitlabFaults,
}

export type FaultName = keyof typeof faultTable

export const faultNames = Object.keys(faultTable)

/** A fault that is not listed here applies to any call. */
export const faultConcerns: { [Name in FaultName]?: (call: Call) => boolean } = {
  'oauth-bad-refresh-token': isRefreshCall,
  'oauth-invalid-grant': isTokenCall,
  'oauth-invalid-client': isTokenCall,
  'oauth-not-found': isTokenCall,
  'oauth-slow-down': isTokenCall,
  'oauth-no-expires-in': isTokenCall,
  'oauth-no-refresh-token': isTokenCall,
  'oauth-no-scope': isTokenCall,
  'slashes-apache': hasEncodedSlash,
  'slashes-tomcat': hasEncodedSlash,
  'slashes-iis': hasEncodedSlash,
  'slashes-envoy': hasEncodedSlash,
  'page-3-fails': (call) => call.query.get('page') === '3',
}
