import { describe, expect, test } from 'vitest';
import type { ClusterRecord } from '../storage/records/eks.ts';
import type { Authentication } from './access.ts';
import { apiAudience } from './serviceaccounttoken.ts';
import { createTokenAuthenticator } from './tokenauthenticator.ts';

const now = Date.UTC(2026, 0, 15, 12);
const jwt = 'eyJh.eyJi.c2ln';

const ofProvider: Authentication = {
  outcome: 'authenticated',
  user: { username: 'ada', uid: '', groups: [], extra: {} },
  evidence: { step: 'identity', code: 'identityProvider', message: '' },
};
const ofServiceAccount: Authentication = {
  outcome: 'refused',
  evidence: { step: 'caller', code: 'wrongIssuer', message: '' },
};

/** The code of the verdict, and who was asked for it. */
async function judge(
  kind: ClusterRecord['kind'],
  provider: Authentication | undefined,
  token = jwt,
  audiences?: readonly string[],
) {
  const asked: string[] = [];
  const record = { clusterId: 'c1', name: 'prod', kind } as ClusterRecord;
  const authenticate = createTokenAuthenticator(
    {
      lookup: async () => ({ status: 'unknown' }),
      partition: 'aws',
      ownEndpoints: () => [],
      clusterNames: () => [],
      serviceAccounts: {
        authenticate: async () => {
          asked.push('service accounts');
          return ofServiceAccount;
        },
      },
      identityProviders: {
        authenticate: async () => {
          asked.push('provider');
          return provider;
        },
      },
    },
    { record: () => record, sources: () => expect.fail('an ID token is mapped by no entry') },
  );
  const { outcome, evidence } = await authenticate(token, now, audiences);
  return { verdict: `${outcome}: ${evidence.code}`, asked };
}

describe('a token in the form of a JWT', () => {
  test('that is not of the provider is nobody’s on a connected cluster, which has an issuer of its own', async () => {
    expect(await judge('connected', undefined)).toEqual({
      verdict: 'refused: badPrefix',
      asked: ['provider'],
    });
  });

  test('that is not of the provider is a service account’s on a built-in one', async () => {
    expect(await judge('builtIn', undefined)).toEqual({
      verdict: 'refused: wrongIssuer',
      asked: ['provider', 'service accounts'],
    });
  });

  test.each(['connected', 'builtIn'] as const)(
    'of the provider is asked of nobody else: %s',
    async (kind) => {
      expect(await judge(kind, ofProvider)).toEqual({
        verdict: 'authenticated: identityProvider',
        asked: ['provider'],
      });
    },
  );

  test('of the provider is for the API server alone', async () => {
    expect(await judge('builtIn', ofProvider, jwt, ['vault'])).toMatchObject({
      verdict: 'refused: wrongAudience',
    });
    expect(await judge('builtIn', ofProvider, jwt, ['vault', apiAudience])).toMatchObject({
      verdict: 'authenticated: identityProvider',
    });
  });
});

test.each(['k8s-aws-v1.aHR0cHM6Ly9zdHM', 'eyJh.eyJi', 'secret'])(
  'what is no JWT is never shown to the provider: %s',
  async (token) => {
    const { verdict, asked } = await judge('builtIn', ofProvider, token);
    expect(verdict).toMatch(/^refused: /);
    expect(asked).toEqual([]);
  },
);
