import { expect, test } from 'vitest';
import { association, createPodWorld } from './podidentity/testworld.ts';
import { clusterInput, outcomeOf } from './testworld.ts';

test.each<readonly [string, (roleArn: string) => object]>([
  ['CreateCluster', () => clusterInput('other')],
  ['CreateAccessEntry', (principalArn) => ({ clusterName: 'prod', principalArn })],
  ['CreatePodIdentityAssociation', () => association],
])('%s keeps no token without end', async (operation, inputOf) => {
  const world = await createPodWorld();
  const input = inputOf(association.roleArn);
  const call = (length: number) =>
    outcomeOf(world.call(operation, { ...input, clientRequestToken: 't'.repeat(length) }));
  expect(await call(257)).toBe(
    'InvalidParameterException: The clientRequestToken must have at most 256 characters',
  );
  expect(await call(256)).toBe('ok');
});
