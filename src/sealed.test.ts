// Plain and sealed text cannot be mixed up: what this says of types, the type check proves.

import type { Insertable, Updateable } from 'kysely'
import { expectTypeOf, test } from 'vitest'
import type { OAuthStatesTable, RevocationsTable, ScmIntegrationsTable, SecretKeysTable } from './database/tables.ts'
import type { Sealed } from './sealed.ts'
import type { Vault } from './secrets/vault.ts'

test('plain text goes into no sealed column, neither with a new row nor over an old one', () => {
  expectTypeOf<string>().not.toExtend<Insertable<ScmIntegrationsTable>['accessToken']>()
  expectTypeOf<string>().not.toExtend<Updateable<ScmIntegrationsTable>['accessToken']>()
  expectTypeOf<string>().not.toExtend<Updateable<ScmIntegrationsTable>['refreshToken']>()
  expectTypeOf<string>().not.toExtend<Updateable<RevocationsTable>['accessToken']>()
  expectTypeOf<string>().not.toExtend<Updateable<RevocationsTable>['refreshToken']>()
  expectTypeOf<string>().not.toExtend<Insertable<OAuthStatesTable>['verifier']>()
  expectTypeOf<string>().not.toExtend<Insertable<SecretKeysTable>['proof']>()
})

test('the vault seals plain text, and opens nothing but what is sealed', () => {
  expectTypeOf<Vault['seal']>().returns.toEqualTypeOf<Sealed>()
  expectTypeOf<string>().not.toExtend<Parameters<Vault['open']>[0]>()
  expectTypeOf<Vault['open']>().returns.toEqualTypeOf<string>()
})
