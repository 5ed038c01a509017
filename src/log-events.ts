// The log events about platforms, links, tokens, mail and traces: each event's name, fields and level.

/** Fields never contain a secret. `scm_type` is a link's, `host` a platform's. */
export interface LogEvents {
  /** `outcome`: the status, or the error; `tried`: the number of the attempt. */
  scm_call: { host: string; method: string; outcome: number | string; ms: number; tried: number } & Partial<Budget>
  scm_token_renewed: { scm_type: string }
  scm_token_not_renewed: { scm_type: string; code?: string }
  scm_link_expired: { scm_type: string; integration: string } & Partial<OAuthAnswer>
  /** `check`: the settings to look at. */
  scm_application_refused: { scm_type: string; check: string } & Partial<OAuthAnswer>
  /** `key`: the id of the key that sealed it. */
  scm_token_unreadable: { scm_type: string; integration: string; column: string; key: string }
  scm_origin_left_alone: { host: string; ms: number }
  /** `sunset`: ISO 8601. */
  scm_api_sunset: { host: string; sunset: string }
  /** `range`: the address's range, or what else is wrong; `setting`: the entry that ALLOWED_HOSTS would need. */
  scm_address_refused: { host: string; port: number; address: string; range: string; setting: string }
  /** Signing in at the OpenID provider failed by its answer, not by the person; `reason`: what was wrong with it. */
  oidc_answer_refused: { host: string; reason: string }
  revocation_done: { scm_type: string }
  revocation_postponed: { scm_type: string; attempts: number; code: string }
  revocation_given_up: { scm_type: string; reason: string; attempts?: number }
  /** A trusted issuer's keys; `reason`: a failure's code, or a few words. */
  issuer_unavailable: { issuer: string; reason: string }
  /** `reason`: the error, with the command and the mail server's answer if there was one. */
  mail_not_sent: { host: string; reason: string }
  /** `spans`: how many were lost. */
  traces_not_sent: { spans: number }
}

/** How many calls a platform says that the token has left, of how many. */
export interface Budget {
  remaining: number
  limit: number
}

/** The error of a platform's OAuth endpoint. */
interface OAuthAnswer {
  host: string
  status: number
  oauth_error: string
}

export type LogEvent = keyof LogEvents

/** An event's name with its fields. */
export type LogEntry = { [Name in LogEvent]: [event: Name, fields: LogEvents[Name]] }[LogEvent]

export type Log = (...entry: LogEntry) => void

/**
 * `level`: `debug` for events that happen all the time. `isCounted`: it is a series of `forgelink_events_total`, which
 * docs/operations.md explains; the others are counted elsewhere.
 */
export const LOG_EVENTS: Record<LogEvent, { level: 'debug' | 'warn'; isCounted: boolean }> = {
  scm_call: { level: 'debug', isCounted: false },
  scm_token_renewed: { level: 'debug', isCounted: true },
  scm_token_not_renewed: { level: 'debug', isCounted: true },
  scm_link_expired: { level: 'warn', isCounted: true },
  scm_application_refused: { level: 'warn', isCounted: true },
  scm_token_unreadable: { level: 'warn', isCounted: true },
  scm_origin_left_alone: { level: 'warn', isCounted: true },
  scm_api_sunset: { level: 'warn', isCounted: true },
  scm_address_refused: { level: 'warn', isCounted: true },
  oidc_answer_refused: { level: 'warn', isCounted: true },
  revocation_done: { level: 'debug', isCounted: true },
  revocation_postponed: { level: 'debug', isCounted: true },
  revocation_given_up: { level: 'warn', isCounted: true },
  issuer_unavailable: { level: 'warn', isCounted: true },
  mail_not_sent: { level: 'warn', isCounted: true },
  traces_not_sent: { level: 'warn', isCounted: true },
}
