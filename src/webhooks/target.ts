/** Which question a request asks, and about which cluster. */
export interface WebhookTarget {
  readonly accountId: string;
  readonly region: string;
  readonly name: string;
  readonly webhook: 'authenticate' | 'authorize' | 'pods';
}

/**
 * `/clusters/ACCOUNT/REGION/NAME/authenticate`, `/authorize` or `/pods`, or `/healthz`; undefined for anything else. A query is not
 * looked at: API servers add their deadline (`?timeout=30s`).
 *
 * SECURITY: the segments are matched against the characters they can have and never decoded.
 */
export function parseWebhookTarget(url: string): WebhookTarget | 'healthz' | undefined {
  const query = url.indexOf('?');
  const path = query === -1 ? url : url.slice(0, query);
  if (path === '/healthz') return 'healthz';
  const match =
    /^\/clusters\/([0-9]{12})\/([a-z0-9-]{1,64})\/([A-Za-z0-9][A-Za-z0-9_-]{0,99})\/(authenticate|authorize|pods)$/.exec(
      path,
    );
  if (match === null) return undefined;
  const [, accountId = '', region = '', name = '', webhook] = match;
  return { accountId, region, name, webhook: webhook as WebhookTarget['webhook'] };
}
