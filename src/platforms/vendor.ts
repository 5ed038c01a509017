// What the two adapters share: where an account lives, shapes for doubtful fields, addresses and failures.
import { type TSchema, Type } from 'typebox'
import { Failure, type FailureCode } from '../failure.ts'
import type { Page, PageRequest } from './platform.ts'
import type { ScmType } from './scm-types.ts'

/** One account on one platform: where it is and with what we sign in. */
export interface Connection {
  scmType: ScmType
  /** Web root, without a trailing slash; GitLab may have a path. */
  webUrl: string
  /** REST root, without a trailing slash. */
  apiUrl: string
  token: string
  /** The link's id: limits are counted by it. */
  link: string
  /** Whose link it is; null before there is one. */
  account: string | null
  /** Whether the link has worked: then what answers oddly is somebody in between, and never another platform. */
  hasWorked: boolean
  /** The OAuth application that obtained the token, if one did. */
  clientId?: string | null
  /** What OAuth said of the token when it gave it, which is then not asked about; absent for pasted tokens. */
  granted?: { scopes: string[] | null; expiresAt: string | null }
  /** What the platform has said of this very token before: it stands where nothing is told of it now. */
  known?: { scopes: string[] | null; expiresAt: string | null }
  /** Epoch milliseconds after which nobody waits for the answer. */
  deadline?: number
  /** Ends the waiting of this connection's calls. */
  signal?: AbortSignal
  /** Epoch milliseconds at which the platform gave us the token; of pasted tokens it is not told. */
  obtainedAt?: number | undefined
  /** Called when the platform took the token and answered. */
  onAccepted?: () => void
}

/** Larger numbers have lost digits in JSON already, and such an id would name something else. */
export const Id = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })

/** `time` in epoch milliseconds; null for what is no moment that can be written. */
export function isoTime(time: number): string | null {
  return Number.isNaN(new Date(time).getTime()) ? null : new Date(time).toISOString()
}

/** A field that may be null or left out. */
export function maybe<T extends TSchema>(shape: T) {
  return Type.Optional(Type.Union([shape, Type.Null()]))
}

/**
 * The address when it is one a browser may be sent to, else null: platforms' text must not become a
 * `javascript:` link. A relative one counts only where a `base` is given.
 */
export function webAddress(value: string | null | undefined, base?: string): string | null {
  if (!value || !URL.canParse(value, base)) return null
  const url = new URL(value, base)
  return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : null
}

/** Avatars are seen without host; they are complete from the origin on, so W's own path must not come twice. */
export function avatarAddress(value: string | null | undefined, webUrl: string): string | null {
  return webAddress(value, new URL(webUrl).origin)
}

const PATH = /^[\p{L}\p{N}._-]+(?:\/[\p{L}\p{N}._-]+)*$/u

/** The parts of `owner/name` or `group/sub/project`; null for anything that could leave its place in a path. */
export function pathParts(value: string): string[] | null {
  if (!PATH.test(value) || value.startsWith('-')) return null
  const parts = value.split('/')
  return parts.some((part) => part === '.' || part === '..') ? null : parts
}

export function hasCode(error: unknown, ...codes: FailureCode[]): error is Failure {
  return error instanceof Failure && codes.includes(error.code)
}

/** The platform did answer, but keeps this one thing from us. */
export const REFUSALS: FailureCode[] = ['scm_not_found', 'scm_forbidden', 'scm_scope_missing', 'scm_sso_required']

/** It cannot tell now, and may another time. */
export const TROUBLES: FailureCode[] = ['scm_rate_limited', 'scm_unavailable', 'scm_unreachable', 'scm_bad_response']

/** null instead of a failure with one of the codes: for what an answer of ours can do without. */
export async function orNull<T>(asked: Promise<T>, codes: FailureCode[]): Promise<T | null> {
  try {
    return await asked
  } catch (failure) {
    if (hasCode(failure, ...codes)) return null
    throw failure
  }
}

const MAX_LOOKUPS = 10

/** Asks for what a list does not tell of its items, at most ten times. `isComplete`: whether all were asked and told. */
export async function lookUpEach<K, T>(
  keys: Set<K>,
  ask: (key: K) => Promise<T>,
): Promise<{ found: Map<K, T>; isComplete: boolean }> {
  const found = new Map<K, T>()
  let isComplete = keys.size <= MAX_LOOKUPS
  await Promise.all(
    [...keys].slice(0, MAX_LOOKUPS).map(async (key) => {
      try {
        found.set(key, await ask(key))
      } catch (failure) {
        if (hasCode(failure, ...TROUBLES)) isComplete = false
        else if (!hasCode(failure, ...REFUSALS)) throw failure
      }
    }),
  )
  return { found, isComplete }
}

export function emptyPage(totalCount: number | null, ...warnings: string[]): Page<never> {
  return { items: [], hasNext: false, totalCount, warnings }
}

/** What is said of items of a list that were left out because they could not be read. */
export function unreadableWarnings(label: string, count: number): string[] {
  if (count === 0) return []
  const what =
    count === 1 ? '1 entry of this page was left out: it' : `${count} entries of this page were left out: they`
  return [`${what} came from ${label} in a form that cannot be read.`]
}

/** A query string with the page wanted. */
export function queryOf(parameters: Record<string, string>, { page, perPage }: PageRequest): string {
  return new URLSearchParams({ ...parameters, per_page: String(perPage), page: String(page) }).toString()
}

export function startOf({ page, perPage }: PageRequest): number {
  return (page - 1) * perPage
}

/** The members of an object a platform sent, or none when it is not an object. */
export function membersOf(body: unknown): Record<string, unknown> {
  return typeof body === 'object' && body !== null ? { ...body } : {}
}

/** A body with a `message` and nothing else. Frameworks and gateways write `status`, `path`, `code` or the like beside it. */
export function onlyMessageOf(body: unknown): unknown {
  const { message, ...others } = membersOf(body)
  return Object.keys(others).length === 0 ? message : undefined
}

/** `{"message":"404 Project Not Found"}`: how GitLab writes most refusals. Proxies write "404 page not found". */
export function hasGitLabsForm(status: number, body: unknown): boolean {
  const message = onlyMessageOf(body)
  return typeof message === 'string' && message.startsWith(`${status} `) && /^\d+ [A-Z("]/.test(message)
}

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html, https://docs.konghq.com */
const GATEWAY_HEADER = /^(apigw-requestid|x-amzn-|x-amz-apigw-|x-kong-)/

/** Whether an API gateway wrote the answer by itself: it names itself by such a header. */
export function isOfGateway(headers: Record<string, string>): boolean {
  return Object.keys(headers).some((name) => GATEWAY_HEADER.test(name))
}
