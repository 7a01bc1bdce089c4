import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

/** What connections without a certificate that counts may take. */
export interface StrangersLimits {
  /** Milliseconds from the first packet on, handshake and request included. */
  readonly patience: number;
  /** Connections; when there are more, the oldest goes. A quarter of all that the listener takes. */
  readonly most: number;
}

export const defaultStrangersLimits: StrangersLimits = { patience: 10_000, most: 1_024 };

/** The part of a TLS server that tells of its connections. */
interface ConnectionSource {
  on(event: 'connection', listener: (socket: Socket) => void): unknown;
  on(event: 'secureConnection', listener: (socket: TLSSocket) => void): unknown;
}

/**
 * Drops connections that have not shown who they are.
 *
 * SECURITY: connections of API servers may wait for hours; those of anybody who can reach the port must not, nor may they
 * take all places. `isKnown` is asked once, after the handshake, and must not go by `authorized`: that is true of every
 * session of TLS 1.3 that is resumed, with a certificate or without.
 */
export function dropStrangers(
  server: ConnectionSource,
  isKnown: (socket: TLSSocket) => boolean,
  { patience, most }: StrangersLimits,
): void {
  /** The oldest first. */
  const strangers = new Map<string, Socket>();
  server.on('connection', (socket) => {
    const peer = peerOf(socket);
    const timer = setTimeout(() => {
      if (strangers.get(peer) === socket) socket.destroy();
    }, patience).unref();
    strangers.set(peer, socket);
    socket.once('close', () => {
      clearTimeout(timer);
      if (strangers.get(peer) === socket) strangers.delete(peer);
    });
    const [oldest] = strangers.values();
    if (strangers.size > most) oldest?.destroy();
  });
  // Another object than the one above, over the same connection.
  server.on('secureConnection', (socket) => {
    if (isKnown(socket)) strangers.delete(peerOf(socket));
  });
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
