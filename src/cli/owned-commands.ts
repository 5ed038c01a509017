// The subcommands for what one user has: API tokens and links.

import { type Command, command } from './command.ts'

export const ownedCommands: Record<string, Command> = {
  'token add': command({
    needs: ['user', 'name'],
    takes: ['json'],
    does: 'add an API token; print it once',
    example: 'token add --user ada --name ci',
    run: async (given, _operands, { withServices }) => {
      const { tokenAdd } = await import('../commands/users.ts')
      return withServices((services) => tokenAdd(services, given))
    },
  }),
  'token list': command({
    needs: ['user'],
    takes: ['json'],
    does: "list a user's API tokens, never their values",
    example: 'token list --user ada',
    run: async ({ user, json }, _operands, { withServices }) => {
      const { tokenList } = await import('../commands/owned.ts')
      return withServices((services) => tokenList(services, user, { json }))
    },
  }),
  'token remove': command({
    operands: ['ID'],
    needs: ['user'],
    takes: ['json'],
    does: 'remove an API token, and end every JWT made from it',
    example: 'token remove 0b9d0c3c-5a0e-4d0e-b6b4-6a3a5c6f7d8e --user ada',
    run: async ({ user, json }, [id = ''], { withServices }) => {
      const { tokenRemove } = await import('../commands/owned.ts')
      return withServices((services) => tokenRemove(services, user, id, { json }))
    },
  }),
  'integration list': command({
    needs: ['user'],
    takes: ['json'],
    does: "list a user's links to platforms, never their tokens",
    example: 'integration list --user ada',
    run: async ({ user, json }, _operands, { withServices }) => {
      const { integrationList } = await import('../commands/owned.ts')
      return withServices((services) => integrationList(services, user, { json }))
    },
  }),
  'integration unlink': command({
    operands: ['ID'],
    needs: ['user'],
    takes: ['json'],
    does: 'unlink one; the running server revokes what OAuth obtained',
    details: 'ID may also be a type such as github: then the oldest link of that type.',
    example: 'integration unlink 6bd81897-8140-49a6-b6dc-8be9e3f0bbf9 --user ada',
    run: async ({ user, json }, [id = ''], { withServices }) => {
      const { integrationUnlink } = await import('../commands/owned.ts')
      return withServices((services) => integrationUnlink(services, user, id, { json }))
    },
  }),
}
