import { expect, test } from 'vitest';
import { allow } from '../../rbac/allow.ts';
import { stockRbac, testArn, testEntry, testGrant, testRole, testWorld } from '../testworld.ts';
import type { Question } from '../world/question.ts';
import type { IamSubject } from '../world/subject.ts';
import { explainRequest } from './request.ts';

const getSecrets: Question = {
  ...{
    kind: 'resource',
    verb: 'get',
    apiGroup: '',
    resource: 'secrets',
    subresource: '',
    namespace: 'prod',
    name: '',
  },
};
const role = (name: string): IamSubject => ({
  ...{ kind: 'iam', type: 'role', arn: testArn(`role/${name}`), accountId: '111122223333' },
  ...{ principalId: `AROA${name.toUpperCase()}`, standing: 'exists' },
});

test('look', () => {
  const { world, cluster } = testWorld({
    account: { roles: [testRole('ops'), testRole('dev')] },
    cluster: {
      accessEntries: [
        testEntry(
          testArn('role/dev'),
          { AmazonEKSViewPolicy: ['prod'], AmazonEKSSecretReaderPolicy: ['dev'] },
          { kubernetesGroups: ['devs'] },
        ),
      ],
      rbac: [...stockRbac, ...testGrant('x', 'Group:devs', [allow('list', 'core', 'secrets')], 'prod')],
    },
  });
  for (const name of ['ops', 'dev']) {
    const e = explainRequest(world, cluster, role(name), getSecrets, { extensions: true });
    console.log(
      JSON.stringify(
        e.steps.map(({ evidence, ...s }) => s),
        undefined,
        1,
      ),
    );
    for (const c of e.changes) console.log(c.summary, '\n', c.commands.join('\n'), JSON.stringify(c.adds));
  }
  expect(1).toBe(1);
});
