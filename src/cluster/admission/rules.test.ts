import { expect, test } from 'vitest';
import { builtInResources } from '../../wire/kube/resources.ts';
import { type Asked, isExempt, matchedResource } from './rules.ts';
import { readWebhooks } from './webhook.ts';

function found(group: string, version: string, resource: string) {
  const definition = builtInResources.find(group, version, resource);
  if (definition === undefined) throw new Error(`no ${resource}`);
  return definition;
}

/** `OPERATION group/version/resource[/subresource]` */
function askedOf(text: string): Asked {
  const [operation = '', path = ''] = text.split(' ');
  const [group = '', version = '', resource = '', subresource = ''] = path.split('/');
  return {
    operation: operation as Asked['operation'],
    resource: found(group, version, resource),
    subresource,
  };
}

test.each<[Record<string, unknown>, string, boolean]>([
  // What must not match.
  [{ resources: ['pods'] }, 'CREATE /v1/pods/exec', false],
  [{ resources: ['*'] }, 'UPDATE /v1/pods/status', false],
  [{ resources: ['pods/*'] }, 'CREATE /v1/configmaps', false],
  [{ resources: ['*/status'] }, 'UPDATE /v1/pods', false],
  [{ operations: ['CREATE'] }, 'UPDATE /v1/pods', false],
  [{ apiGroups: ['apps'] }, 'CREATE /v1/pods', false],
  [{ apiGroups: [''] }, 'CREATE apps/v1/deployments', false],
  [{ scope: 'Cluster' }, 'CREATE /v1/pods', false],
  [{ scope: 'Namespaced' }, 'CREATE /v1/nodes', false],
  [{ scope: 'Namespaced' }, 'CREATE /v1/namespaces', false],
  [{ resources: [] }, 'CREATE /v1/pods', false],
  [{ operations: undefined }, 'CREATE /v1/pods', false],
  [
    { apiGroups: ['autoscaling'], apiVersions: ['v3'] },
    'CREATE autoscaling/v2/horizontalpodautoscalers',
    false,
  ],
  // What must.
  [{}, 'CREATE /v1/pods', true],
  [{ resources: ['pods/exec'] }, 'CONNECT /v1/pods/exec', true],
  [{ resources: ['pods/*'] }, 'CREATE /v1/pods', true],
  [{ resources: ['pods/*'] }, 'UPDATE /v1/pods/status', true],
  [{ resources: ['*/*'] }, 'UPDATE apps/v1/deployments/scale', true],
  [{ resources: ['*/scale'] }, 'UPDATE apps/v1/deployments/scale', true],
  [{ scope: 'Cluster' }, 'CREATE /v1/namespaces', true],
  [{ scope: 'Namespaced' }, 'CREATE /v1/pods', true],
])('a rule with %j and `%s`: %s', (changes, asked, expected) => {
  const rule = { operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*'], ...changes };
  const [webhook] = readWebhooks(
    'c',
    JSON.parse(JSON.stringify({ webhooks: [{ name: 'w', rules: [rule] }] })),
  );
  if (webhook === undefined) throw new Error('no webhook');
  expect(matchedResource(webhook, askedOf(asked), builtInResources) !== undefined).toBe(expected);
});

test.each([
  ['Exact', undefined],
  ['Equivalent', 'v2'],
])('%s: a webhook for v2 is asked about a write in v1 in version %s', (matchPolicy, expected) => {
  const rule = { operations: ['*'], apiGroups: ['*'], apiVersions: ['v2'], resources: ['*'] };
  const [webhook] = readWebhooks('c', { webhooks: [{ name: 'w', matchPolicy, rules: [rule] }] });
  if (webhook === undefined) throw new Error('no webhook');
  const asked = askedOf('CREATE autoscaling/v1/horizontalpodautoscalers');
  expect(matchedResource(webhook, asked, builtInResources)?.version).toBe(expected);
});

test.each([
  ['', ''],
  ['Y2E=', 'ca'],
  ['!!!', '!!!'],
])('a CA bundle %j makes no other authority count', (caBundle, expected) => {
  const [webhook] = readWebhooks('c', { webhooks: [{ name: 'w', clientConfig: { caBundle } }] });
  expect(webhook?.caPem).toBe(expected);
});

test('nobody is asked about what would keep a broken webhook from being taken away', () => {
  const group = 'admissionregistration.k8s.io';
  for (const resource of ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations']) {
    expect(isExempt(found(group, 'v1', resource))).toBe(true);
  }
  expect(isExempt(found('', 'v1', 'configmaps'))).toBe(false);
});
