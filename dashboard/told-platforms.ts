// The platforms as the server describes them with the session: their names, words and scopes.

import { createContext, useContext } from 'react'
import type { Platform, ScmType } from './api.ts'

const Platforms = createContext<Platform[]>([])

/** Must be around everything that a signed-in user sees. */
export const PlatformsProvider = Platforms.Provider

export function usePlatforms(): Platform[] {
  return useContext(Platforms)
}

export function usePlatform(type: ScmType): Platform {
  return platformIn(usePlatforms(), type)
}

/** Throws for a type that the server has not named. */
export function platformIn(platforms: Platform[], type: ScmType): Platform {
  const platform = platforms.find(({ scm_type }) => scm_type === type)
  if (!platform) throw new Error(`The server has not told of ${type}.`)
  return platform
}
