// The list of vendors: the only file that names them all.

import { listOf } from '../text.ts'
import { github } from './github/vendor.ts'
import { gitlab } from './gitlab/vendor.ts'
import type { OAuthEndpoints } from './oauth.ts'
import type { Connection, Platform } from './platform.ts'
import { type OAuthScmType, type OAuthVendorName, type ScmType, scmTypes, type VendorName } from './scm-types.ts'
import type { Transport } from './transport/transport.ts'
import type { Vendor, VendorWords } from './vendor.ts'

/** A vendor whose platform is linked by OAuth must define its endpoints. */
type Vendors = { [Name in VendorName]: Name extends OAuthVendorName ? Vendor & { oauth: OAuthEndpoints } : Vendor }

export const vendors: Vendors = { github, gitlab }

export const VENDOR_NAMES = Object.keys(vendors) as VendorName[]

export function vendorOf(scmType: ScmType): Vendor {
  return vendors[scmTypes[scmType].vendor]
}

export function oauthEndpointsOf(scmType: OAuthScmType): OAuthEndpoints {
  return vendors[scmTypes[scmType].vendor].oauth
}

/** What each vendor calls a thing: "organisations (GitHub) or groups (GitLab)". */
export function inTheirWords(wordOf: (words: VendorWords) => string): string {
  const words = VENDOR_NAMES.map((name) => vendors[name].words)
  const each = [...new Set(words.map(wordOf))].map((word) => {
    const names = words.filter((one) => wordOf(one) === word).map(({ name }) => name)
    return `${word} (${names.join(', ')})`
  })
  return listOf(each, 'or')
}

export function createPlatform(transport: Transport, connection: Connection): Platform {
  return vendorOf(connection.scmType).open(transport, connection)
}
