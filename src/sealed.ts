// The type of text that the vault has sealed: plain text is none, so that the two cannot be mixed up.

declare const mark: unique symbol

/** Only `vault.seal` makes it, and a sealed column gives it back. */
export type Sealed = string & { readonly [mark]: 'sealed' }
