import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Watches a server's connections, so that it can end without cutting anybody short: the function accepts no more, cuts
 * connections that wait, lets requests under way finish for so many milliseconds, then cuts those. To be called before the
 * server listens; what is not listening any more ends at once. With `most`, a connection too many cuts the one that has been
 * without a request the longest, so that whoever opens many and says nothing keeps nobody else out.
 */
export function watchConnections(
  server: Server,
  { most = Number.POSITIVE_INFINITY }: { readonly most?: number } = {},
): (grace: number) => Promise<void> {
  /**
   * Requests under way on each connection, in the order of when that last changed. Node counts a silent connection as busy
   * until its headers time out.
   */
  const sockets = new Map<Socket, number>();
  let closing = false;
  server.on('connection', (socket: Socket) => {
    sockets.set(socket, 0);
    socket.on('close', () => sockets.delete(socket));
    if (sockets.size <= most) return;
    for (const [each, requests] of sockets) {
      if (requests > 0) continue;
      sockets.delete(each);
      each.destroy();
      return;
    }
  });
  server.on('request', ({ socket }, response) => {
    sockets.set(socket, (sockets.get(socket) ?? 0) + 1);
    response.once('close', () => {
      const left = (sockets.get(socket) ?? 1) - 1;
      // Anew, as the last.
      if (sockets.delete(socket)) sockets.set(socket, left);
      if (closing && left === 0) socket.end();
    });
  });
  return (grace) => {
    closing = true;
    return new Promise((resolve) => {
      const cut = setTimeout(() => server.closeAllConnections(), grace);
      server.close(() => {
        clearTimeout(cut);
        resolve();
      });
      for (const [socket, requests] of sockets) if (requests === 0) socket.destroy();
    });
  };
}
