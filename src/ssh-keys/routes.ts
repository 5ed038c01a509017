// The routes of SSH keys.

import { Type } from 'typebox'
import { actorOf } from '../accounts/actor.ts'
import type { Database } from '../database/database.ts'
import { inOwnersTurn } from '../database/owners-turn.ts'
import { invalid } from '../failure.ts'
import { nameProblem, readBody } from '../http/body.ts'
import { CutMeta, cutAt } from '../http/pagination.ts'
import { answers, IdParams, NoContent } from '../http/schemas.ts'
import type { App } from '../http/server.ts'
import { addKey, deleteKey, getKey, listKeys } from './keys.ts'
import { MAX_KEY_LENGTH, readPublicKey } from './public-key.ts'
import { KeySchema, keyJson } from './schemas.ts'

const KeyInput = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 255 }),
  content: Type.String({
    minLength: 1,
    description: 'One public key, as in a .pub file.',
    described: { maxLength: MAX_KEY_LENGTH },
  }),
})

interface Services {
  database: Database
  limits: { maxKeys: number }
}

const KeyAnswer = Type.Object({ key: KeySchema }, { title: 'KeyAnswer' })

export function keyRoutes(app: App, { database, limits: { maxKeys } }: Services): void {
  app.get(
    '/v1/keys',
    {
      schema: {
        operationId: 'listKeys',
        failures: [],
        summary: 'List your SSH keys',
        tags: ['SSH keys'],
        response: answers(200, Type.Object({ keys: Type.Array(KeySchema), meta: CutMeta })),
      },
    },
    async ({ user }) => {
      const { items, meta } = cutAt(maxKeys, await listKeys(database, user.id, maxKeys + 1), 'MAX_KEYS')
      return { keys: items.map((key) => keyJson(key, user)), ...meta }
    },
  )

  app.get(
    '/v1/keys/:id',
    {
      schema: {
        operationId: 'getKey',
        failures: ['not_found'],
        summary: 'Show an SSH key',
        tags: ['SSH keys'],
        params: IdParams,
        response: answers(200, KeyAnswer),
      },
    },
    async ({ user, params }) => ({ key: keyJson(await getKey(database, user.id, params.id), user) }),
  )

  app.post(
    '/v1/keys',
    {
      schema: {
        operationId: 'addKey',
        failures: ['key_exists'],
        summary: 'Add an SSH key',
        tags: ['SSH keys'],
        body: Type.Object({ key: KeyInput }),
        response: answers(201, KeyAnswer),
      },
    },
    async (request, reply) => {
      const { user, body } = request
      const { name, content } = readBody(body, 'key', KeyInput, { name: nameProblem })
      const publicKey = readPublicKey(content)
      if ('problem' in publicKey) throw invalid({ content: [publicKey.problem] })
      const key = await inOwnersTurn(database, user.id, (transaction) =>
        addKey(transaction, actorOf(request), user.id, { name, content, publicKey }, maxKeys),
      )
      return reply.status(201).send({ key: keyJson(key, user) })
    },
  )

  app.delete(
    '/v1/keys/:id',
    {
      schema: {
        operationId: 'deleteKey',
        failures: ['not_found'],
        summary: 'Remove an SSH key',
        tags: ['SSH keys'],
        params: IdParams,
        response: answers(204, NoContent),
      },
    },
    async (request, reply) => {
      const { user, params } = request
      await database
        .transaction()
        .execute((transaction) => deleteKey(transaction, actorOf(request), user.id, params.id))
      return reply.status(204).send(null)
    },
  )
}
