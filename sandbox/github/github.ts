// The simulated GitHub: its API below /api/v3, its OAuth pages, and a few web pages for other addresses.

import { avatarReply } from '../avatar.ts'
import { type Call, escapeHtml, html, type Reply } from '../http.ts'
import { githubSeed } from '../seed/github.ts'
import type { Site, Vendor } from '../site.ts'
import { findOrganization, findRepository, findUser, type World } from '../state.ts'
import { answerGithubApi } from './api.ts'
import { githubErrors } from './faults.ts'
import { answerGithubOauth, githubOauth } from './oauth.ts'

export const github: Vendor = {
  name: 'github',
  apiPath: '/api/v3',
  answer,
  errors: githubErrors,
  oauth: githubOauth,
  seed: githubSeed,
}

function answer(site: Site, world: World, call: Call): Reply {
  if (call.path.startsWith('/api/v3/')) return answerGithubApi(site, world, call)
  return answerGithubOauth(site, world, call) ?? webPage(site, world, call)
}

function webPage(site: Site, world: World, call: Call): Reply {
  const avatar = /^\/avatars\/u\/(\d+)$/.exec(call.path)?.[1]
  if (avatar !== undefined) return avatarReply(avatar)
  const path = call.path.slice(1)
  const name = path.split('/').slice(0, 2).join('/')
  const repository = findRepository(world, name)
  const known = path === '' || findUser(world, path) !== undefined || findOrganization(world, path) !== undefined
  if (known || repository?.visibility === 'public') {
    return html(200, `Sandbox ${site.name}`, `<p>A simulated page: <code>/${escapeHtml(path)}</code></p>`)
  }
  return html(404, 'Page not found', '<p>This is not the web page you are looking for.</p>')
}
