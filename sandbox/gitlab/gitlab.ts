// The simulated GitLab: its API below /api/v4, its OAuth pages, and a few web pages for other addresses.

import { avatarReply } from '../avatar.ts'
import { type Call, escapeHtml, html, json, type Reply, redirect } from '../http.ts'
import { gitlabSeed } from '../seed/gitlab.ts'
import type { Site, Vendor } from '../site.ts'
import { findOrganization, findUser, type World } from '../state.ts'
import { answerGitlabApi, marked } from './api.ts'
import { gitlabErrors } from './faults.ts'
import { answerGitlabOauth, gitlabOauth } from './oauth.ts'

export const gitlab: Vendor = {
  name: 'gitlab',
  apiPath: '/api/v4',
  answer,
  errors: gitlabErrors,
  oauth: gitlabOauth,
  seed: gitlabSeed,
}

function answer(site: Site, world: World, call: Call): Reply {
  if (!call.path.startsWith(`${site.basePath}/`) && call.path !== site.basePath) {
    return html(404, '404 Not Found', '<p>Nothing of GitLab is here.</p>')
  }
  const path = call.path.slice(site.basePath.length)
  if (path.startsWith('/api/v4/')) return answerGitlabApi(site, world, call)
  if (path.startsWith('/api/v3/')) {
    return marked(json(410, { error: 'API V3 is no longer supported. Use API V4 instead.' }))
  }
  if (path.startsWith('/api/')) return marked(json(404, { error: '404 Not Found' }))
  return answerGitlabOauth(site, world, call) ?? webPage(site, world, path)
}

/** Pages that an anonymous visitor may not see redirect to the sign-in page, even those that do not exist. */
function webPage(site: Site, world: World, path: string): Reply {
  const avatar = /^\/uploads\/-\/system\/(?:user|group)\/avatar\/(\d+)\//.exec(path)?.[1]
  if (avatar !== undefined) return avatarReply(avatar)
  const name = path.slice(1)
  if (name === 'users/sign_in') return html(200, `Sandbox ${site.name}`, '<p>Sign in</p>')
  const known = name === '' || findUser(world, name) !== undefined || findOrganization(world, name) !== undefined
  if (!known) return redirect(`${site.url}/users/sign_in`)
  return html(200, `Sandbox ${site.name}`, `<p>A simulated page: <code>/${escapeHtml(name)}</code></p>`)
}
