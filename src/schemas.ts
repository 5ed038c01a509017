// Schema pieces that nouns of several slices are made of.

import { Type } from 'typebox'

export const Time = Type.String({ examples: ['2019-08-12T11:59:37.298Z'], description: 'Date and time in UTC.' })
export const NullableString = Type.Unsafe<string | null>({ type: ['string', 'null'] })
