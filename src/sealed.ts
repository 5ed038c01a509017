// The type of text that the vault has sealed: plain text has another type, so the two cannot be mixed up.

declare const mark: unique symbol

/** Only `vault.seal` makes it, and a sealed column returns it. */
export type Sealed = string & { readonly [mark]: 'sealed' }
