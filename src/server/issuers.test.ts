import { expect, test } from 'vitest';
import type { ClusterRecord } from '../storage/records/eks.ts';
import { issuerAt, issuerIdOf, oidcIssuerOf } from '../storage/records/issuer.ts';
import { createIssuerDocuments } from './issuers.ts';

const plain = {
  clusterId: 'plain',
  arn: 'arn:aws:eks:eu-west-1:111122223333:cluster/plain',
  region: 'eu-west-1',
} as ClusterRecord;
const addressed: ClusterRecord = {
  ...plain,
  clusterId: 'addressed',
  oidcIssuer: issuerAt('https://issuer.example.com/a/b', 'addressed'),
};
const clusters = new Map([plain, addressed].map((cluster) => [issuerIdOf(cluster.clusterId), cluster]));

const ask = createIssuerDocuments({
  issuers: { withId: (id) => clusters.get(id) },
  publicKeys: async ({ clusterId }) => [
    { use: 'sig', kty: 'RSA', kid: clusterId, alg: 'RS256', n: 'n', e: 'AQAB' },
  ],
});
const pathOf = (cluster: ClusterRecord): string => new URL(oidcIssuerOf(cluster)).pathname;
const read = async (path: string, method = 'GET') => {
  const answer = await ask(method, path);
  return answer?.status === 200 ? JSON.parse(String(answer.body)) : answer?.status;
};

test.each<[string, string, number | undefined]>([
  ['the keys of an id that no cluster has', `/id/${'0'.repeat(32)}/keys`, 404],
  ['its discovery document', `/id/${'0'.repeat(32)}/.well-known/openid-configuration`, 404],
  ['an id below another path', `/x${pathOf(plain)}/keys`, 404],
  ['an id below a part of its path', `/b/id/${issuerIdOf('addressed')}/keys`, 404],
  ['an id in lower case', `${pathOf(plain).toLowerCase()}/keys`, undefined],
  ['the issuer itself', pathOf(plain), undefined],
  ['a slash more', `${pathOf(plain)}/keys/`, undefined],
  ['an encoded path', `${pathOf(plain)}/%6beys`, undefined],
  ['all ids', '/id/', undefined],
  ['another document', `${pathOf(plain)}/.well-known/openid-configuration/x`, undefined],
])('nothing is told for %s', async (_, path, expected) => {
  expect(await read(path)).toBe(expected);
});

test('nothing is told to who does not just look', async () => {
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
    expect(await read(`${pathOf(plain)}/keys`, method)).toBeUndefined();
  }
});

test('the documents have the form of EKS’s (I2, I3)', async () => {
  const issuer = oidcIssuerOf(plain);
  expect(issuer).toMatch(/^https:\/\/oidc\.eks\.eu-west-1\.amazonaws\.com\/id\/[0-9A-F]{32}$/);
  expect(await read(`${pathOf(plain)}/.well-known/openid-configuration`)).toEqual({
    issuer,
    jwks_uri: `${issuer}/keys`,
    authorization_endpoint: 'urn:kubernetes:programmatic_authorization',
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    claims_supported: ['sub', 'iss'],
    id_token_signing_alg_values_supported: ['RS256'],
  });
  const answer = await ask('HEAD', `${pathOf(plain)}/keys`);
  expect(answer?.headers).toEqual({
    'content-type': 'application/json',
    'cache-control': 'public, max-age=3600',
  });
  expect(answer?.body).toBe(
    '{"keys":[{"kty":"RSA","kid":"plain","use":"sig","alg":"RS256","n":"n","e":"AQAB"}]}',
  );
});

test('those of a cluster with an issuer below a path are there, and at the path that a proxy leaves', async () => {
  for (const path of [pathOf(addressed), `/id/${issuerIdOf('addressed')}`]) {
    expect(await read(`${path}/keys`)).toMatchObject({ keys: [{ kid: 'addressed' }] });
    const { issuer, jwks_uri } = await read(`${path}/.well-known/openid-configuration`);
    expect([issuer, jwks_uri]).toEqual([addressed.oidcIssuer, `${addressed.oidcIssuer}/keys`]);
  }
});
