import type { RequestListener } from 'node:http';
import type { AgentMetrics } from './metrics.ts';

/** The probes, and with `render` the metrics. Nothing in these answers is secret. */
export function operational(isReady: () => boolean, render?: AgentMetrics['render']): RequestListener {
  return async (request, response) => {
    const path = request.method === 'GET' ? request.url : undefined;
    const isProbe = path === '/healthz' || path === '/readyz';
    const answer = (status: number, body: string, contentType = 'text/plain; charset=utf-8'): void => {
      response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) });
      response.end(body);
    };
    if (isProbe) return isReady() ? answer(200, 'ok\n') : answer(503, 'not ready\n');
    if (path === '/metrics' && render !== undefined) {
      const { contentType, body } = await render();
      return answer(200, body, contentType);
    }
    answer(404, '404 page not found\n');
  };
}
