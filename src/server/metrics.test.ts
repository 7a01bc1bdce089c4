import { expect, test } from 'vitest';
import { createMetrics } from './metrics.ts';

test('requests are counted by closed sets; a verb that a client made up is "other"', async () => {
  const metrics = createMetrics(() => 42);
  metrics.awsRequest({ service: 'eks', operation: 'ListClusters', code: 'OK', seconds: 0.01 });
  for (const verb of ['get', 'BREW', 'x"} 1\nevil{y="', undefined])
    metrics.kubernetesRequest({ verb, status: 200 });
  const { body, contentType } = await metrics.render();
  expect(contentType).toMatch(/^text\/plain/);
  expect(body).toContain('entryway_aws_requests_total{service="eks",operation="ListClusters",code="OK"} 1\n');
  expect(body).toContain('entryway_kubernetes_requests_total{verb="get",status="200"} 1\n');
  expect(body).toContain('entryway_kubernetes_requests_total{verb="other",status="200"} 3\n');
  expect(body).toContain('entryway_storage_revision 42\n');
  expect(body).not.toMatch(/evil|BREW/);
});

test('alerts are counted once they are sent somewhere, and not before', async () => {
  const metrics = createMetrics(() => 1);
  expect((await metrics.render()).body).not.toContain('entryway_alerts');
  metrics.alerts(() => ({ delivered: 3, lost: 1, waiting: 2 }));
  const { body } = await metrics.render();
  expect(body).toContain('entryway_alerts{state="delivered"} 3');
  expect(body).toContain('entryway_alerts{state="lost"} 1');
  expect(body).toContain('entryway_alerts{state="waiting"} 2');
});

test('what API servers ask is counted by webhook and outcome, refused callers too', async () => {
  const metrics = createMetrics(() => 1);
  metrics.webhookRequest({ webhook: 'authenticate', outcome: 'badPrefix', status: 200, seconds: 0.001 });
  metrics.webhookRequest({
    webhook: 'authorize',
    outcome: 'revokedCertificate',
    status: 401,
    seconds: 0.001,
  });
  const { body } = await metrics.render();
  expect(body).toContain(
    'entryway_webhook_requests_total{webhook="authenticate",outcome="badPrefix",status="200"} 1',
  );
  expect(body).toContain(
    'entryway_webhook_requests_total{webhook="authorize",outcome="revokedCertificate",status="401"} 1',
  );
  expect(body).toContain('entryway_webhook_request_duration_seconds_count{webhook="authorize"} 1');
});
