// Watches which addresses this process connects to, whoever asks for it: the last word on where requests went.

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'

/** Every `address port` that a connection was tried to, from now on. */
export function watchDialled(): { addresses: Set<string>; end(): void } {
  const addresses = new Set<string>()
  function note(message: unknown): void {
    const { socket } = message as { socket: Socket }
    socket.on('connectionAttempt', (address: string, port: number) => addresses.add(`${address} ${port}`))
  }
  subscribe('net.client.socket', note)
  return { addresses, end: () => unsubscribe('net.client.socket', note) }
}
