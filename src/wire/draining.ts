import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Watches a server's connections, so that it can end without cutting anybody short: the function accepts no more, cuts
 * connections that wait, lets requests under way finish for so many milliseconds, then cuts those. To be called before the
 * server listens; what is not listening any more ends at once.
 */
export function watchConnections(server: Server): (grace: number) => Promise<void> {
  /** Requests under way on each connection. Node counts a silent connection as busy until its headers time out. */
  const sockets = new Map<Socket, number>();
  let closing = false;
  server.on('connection', (socket: Socket) => {
    sockets.set(socket, 0);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('request', ({ socket }, response) => {
    sockets.set(socket, (sockets.get(socket) ?? 0) + 1);
    response.once('close', () => {
      const left = (sockets.get(socket) ?? 1) - 1;
      if (sockets.has(socket)) sockets.set(socket, left);
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
