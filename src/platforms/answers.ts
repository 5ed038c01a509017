// Helpers to read platforms' answers: shapes for uncertain fields, addresses, names, members of a body, pages.
import { type TSchema, Type } from 'typebox'
import type { Page, PageRequest } from './platform.ts'

/** JSON numbers above this limit have lost digits, so such an id would name another object. */
export const Id = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })

/** `time` in epoch milliseconds; null when it is not a valid time. */
export function isoTime(time: number): string | null {
  return Number.isNaN(new Date(time).getTime()) ? null : new Date(time).toISOString()
}

/** A platform's time in our form; null when it is not a valid one. */
export function timeFrom(text: string | null | undefined): string | null {
  return isoTime(Date.parse(text ?? ''))
}

/** A field that may be null or left out. */
export function maybe<T extends TSchema>(shape: T) {
  return Type.Optional(Type.Union([shape, Type.Null()]))
}

/**
 * The address when a browser may be sent to it, else null: a platform's text must not become a `javascript:` link. A
 * relative one counts only when a `base` is given.
 */
export function webAddress(value: string | null | undefined, base?: string): string | null {
  if (!value || !URL.canParse(value, base)) return null
  const url = new URL(value, base)
  return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : null
}

/**
 * Avatar paths are complete from the origin on, so they are resolved against the origin, without the web root's own
 * path.
 */
export function avatarAddress(value: string | null | undefined, webUrl: string): string | null {
  return webAddress(value, new URL(webUrl).origin)
}

const PATH = /^[\p{L}\p{N}._-]+(?:\/[\p{L}\p{N}._-]+)*$/u

/** The parts of `owner/name` or `group/sub/project`; null for anything that would change the path it is put into. */
export function pathParts(value: string): string[] | null {
  if (!PATH.test(value) || value.startsWith('-')) return null
  const parts = value.split('/')
  return parts.some((part) => part === '.' || part === '..') ? null : parts
}

export function emptyPage(totalCount: number | null, ...warnings: string[]): Page<never> {
  return { items: [], hasNext: false, totalCount, warnings }
}

/** The warning about list items that were left out because they could not be read. */
export function unreadableWarnings(label: string, count: number): string[] {
  if (count === 0) return []
  const what =
    count === 1 ? '1 entry of this page was left out: it' : `${count} entries of this page were left out: they`
  return [`${what} came from ${label} in a form that cannot be read.`]
}

/** A query string that includes the wanted page. */
export function queryOf(parameters: Record<string, string>, { page, perPage }: PageRequest): string {
  return new URLSearchParams({ ...parameters, per_page: String(perPage), page: String(page) }).toString()
}

export function startOf({ page, perPage }: PageRequest): number {
  return (page - 1) * perPage
}

/** The members of an object that a platform sent; none when it is not an object. */
export function membersOf(body: unknown): Record<string, unknown> {
  return typeof body === 'object' && body !== null ? { ...body } : {}
}

/**
 * The `message` of a body that has nothing else. Frameworks and gateways write `status`, `path`, `code` or the like
 * beside it.
 */
export function onlyMessageOf(body: unknown): unknown {
  const { message, ...others } = membersOf(body)
  return Object.keys(others).length === 0 ? message : undefined
}

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html, https://docs.konghq.com */
const GATEWAY_HEADER = /^(apigw-requestid|x-amzn-|x-amz-apigw-|x-kong-)/

/** Whether an API gateway wrote the answer, and not the platform: such gateways add a header of their own. */
export function isOfGateway(headers: Record<string, string>): boolean {
  return Object.keys(headers).some((name) => GATEWAY_HEADER.test(name))
}
