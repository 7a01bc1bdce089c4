import { expect, test } from 'vitest';
import { createPolicyIndex } from '../../src/engine/authorizer/policyindex.ts';
import type { Principal } from '../../src/engine/iam/principal.ts';
import { createAwsAuthIndex } from '../../src/engine/identity/awsauth.ts';
import { createEntryIndex } from '../../src/engine/identity/entries.ts';
import { resolveIdentity } from '../../src/engine/identity/resolve.ts';
import { seedOfRun } from '../seed.ts';
import { createRandom, roundsOfRun } from './random.ts';
import { principals, randomEntry } from './world.ts';

const awsAuth = createAwsAuthIndex({ roles: [], users: [], accounts: [] }, { ssoRoleMatch: false });

function sessionOf(canonical: string, principalId: string): Principal | undefined {
  const roleName = /^arn:aws:iam::111122223333:role\/([^/]+)$/.exec(canonical)?.[1];
  if (roleName === undefined) return undefined;
  return {
    kind: 'assumedRole',
    accountId: '111122223333',
    partition: 'aws',
    arn: `arn:aws:sts::111122223333:assumed-role/${roleName}/s`,
    userId: `${principalId}:s`,
    principalId,
    principalArn: canonical,
    accessKeyId: 'ASIAEXAMPLE',
    roleName,
    sessionName: 's',
  };
}

test('a name and the policies of its bearer never come from two different entries', () => {
  const seed = seedOfRun();
  const rounds = roundsOfRun(250);
  console.log(`differential entries: ENTRYWAY_SEED=${seed} ENTRYWAY_ROUNDS=${rounds}`);
  let compared = 0;
  for (let round = 0; round < rounds; round++) {
    const random = createRandom(seed + round);
    const names = createEntryIndex();
    const policies = createPolicyIndex('aws', () => 0);
    for (let step = 0; step < 40; step++) {
      const entry = randomEntry(random);
      if (random.chance(0.6)) {
        policies.apply(entry);
        names.apply({ ...entry, type: 'STANDARD', username: 'somebody', kubernetesGroups: [] });
      } else {
        policies.remove(entry.principalArn);
        names.remove(entry.principalArn);
      }
      const { canonical, id } = random.pick(principals);
      const principal = sessionOf(canonical, id);
      if (principal === undefined) continue;
      const named = resolveIdentity(principal, {
        authenticationMode: 'API',
        entries: names,
        awsAuth,
        privateDnsName: () => undefined,
      });
      const entitled = policies.entryOf({ principalId: id, canonicalArn: canonical, username: 'somebody' });
      const story = `seed ${seed}, round ${round}, step ${step}: ${canonical} ${id}`;
      expect(named.ok ? named.mappedBy.arn : undefined, story).toBe(entitled?.principalArn);
      if (named.ok) compared++;
    }
  }
  expect(compared).toBeGreaterThan(rounds);
}, 900_000);
