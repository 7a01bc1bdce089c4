import { describe, expect, test } from 'vitest';
import type { SnapshotRole, SnapshotUser } from '../snapshot/snapshot.ts';
import { testArn, testClusterArn, testRole, testUser, testWorld } from '../testworld.ts';
import { planIrsaMigration } from './create.ts';
import type { IrsaPlan } from './plan.ts';
import { proveIrsaMigration } from './proof.ts';
import {
  account,
  associated,
  changes,
  irsaRole,
  issuerHost,
  migrate,
  outcomes,
  policy,
  providerArn,
  sub,
  tokenStatement,
} from './testworld.ts';
import { letsInNobodyElse } from './trustdocument.ts';

const podStatement = (namespace: string, names: string | readonly string[]): object => ({
  Effect: 'Allow',
  Principal: { Service: 'pods.eks.amazonaws.com' },
  Action: ['sts:AssumeRole', 'sts:TagSession'],
  Condition: {
    StringEquals: {
      'aws:RequestTag/eks-cluster-arn': testClusterArn,
      'aws:RequestTag/kubernetes-namespace': namespace,
      'aws:RequestTag/kubernetes-service-account': names,
    },
  },
});

describe('nobody gains', () => {
  test('an annotation that gives nothing gets no association', () => {
    const { plan, proof } = migrate(
      [irsaRole('api', ['shop/web'])],
      [account('shop/api', 'api'), account('shop/web'), account('shop/lost', 'gone')],
    );
    expect(outcomes(plan)).toEqual(['shop/api nothing notTrusted', 'shop/lost nothing notTrusted']);
    expect(plan).toMatchObject({ associations: [], roles: [] });
    expect(proof.isSafe).toBe(true);
  });

  test('the role is for the service accounts that move, and not for each name in each namespace', () => {
    const { plan, proof } = migrate(
      [irsaRole('api', ['shop/api', 'shop/web', 'billing/api'])],
      [account('shop/api', 'api'), account('shop/web', 'api'), account('billing/api', 'api')],
    );
    expect(associated(plan)).toEqual(['shop/api api', 'shop/web api', 'billing/api api']);
    const [role] = plan.roles;
    expect(JSON.parse(role?.prepared ?? '')).toEqual({
      Version: '2012-10-17',
      Statement: [
        tokenStatement(['shop/api', 'shop/web', 'billing/api'].map(sub)),
        podStatement('shop', ['api', 'web']),
        podStatement('billing', 'api'),
      ],
    });
    expect(JSON.parse(role?.finished ?? '').Statement).toEqual([
      podStatement('shop', ['api', 'web']),
      podStatement('billing', 'api'),
    ]);
    expect(proof).toMatchObject({ pairs: [], decisions: [], unread: [], isSafe: true, unchanged: 3 });
  });

  test('a trust that is not written again where it would trust somebody else', () => {
    const ada = testArn('user/ada');
    const tied = irsaRole('api', [], {
      trustPolicy: policy(tokenStatement(sub('shop/api')), {
        ...{ Effect: 'Allow', Principal: { AWS: ada }, Action: 'sts:AssumeRole' },
      }),
      trustedPrincipalIds: { [ada]: 'AIDAFORMER' },
    });
    const outcome = (role: SnapshotRole, users: readonly SnapshotUser[]) =>
      outcomes(migrate([role], [account('shop/api', 'api')], { account: { users } }).plan);
    const former = ['shop/api stays formerPrincipal'];
    expect(outcome(tied, [testUser('ada')])).toEqual(former);
    expect(outcome(tied, [])).toEqual(former);
    const byId = tied.trustPolicy.replace(ada, 'AIDAFORMERUSEREXAMPL2');
    expect(outcome({ ...tied, trustPolicy: byId, trustedPrincipalIds: {} }, [])).toEqual(former);
    expect(outcome({ ...tied, trustedPrincipalIds: { [ada]: 'AIDAADA' } }, [testUser('ada')])).toEqual([
      'shop/api moves',
    ]);
  });

  test('what a statement adds beside what is there is no more than was asked: an association goes before the annotation', () => {
    const { plan, proof } = migrate(
      [irsaRole('api', ['shop/api']), irsaRole('other', [])],
      [account('shop/api', 'api')],
      {
        podIdentityAssociations: [
          {
            ...{
              associationId: 'a-1',
              namespace: 'shop',
              serviceAccount: 'api',
              roleArn: testArn('role/other'),
            },
            disableSessionTags: false,
          },
        ],
      },
    );
    expect(outcomes(plan)).toEqual(['shop/api nothing otherAssociation']);
    expect(proof.isSafe).toBe(true);
  });
});

describe('nobody loses', () => {
  test('a service account without an annotation keeps its statement, and is told of', () => {
    const { plan, proof } = migrate(
      [irsaRole('api', ['shop/api', 'shop/job'])],
      [account('shop/api', 'api'), account('shop/job')],
    );
    expect(outcomes(plan)).toEqual(['shop/api moves', 'shop/job stays notAnnotated']);
    expect(JSON.parse(plan.roles[0]?.finished ?? '').Statement).toEqual([
      { ...tokenStatement(sub('shop/job')) },
      podStatement('shop', 'api'),
    ]);
    expect(plan.roles[0]?.kept).toEqual([sub('shop/job')]);
    expect(proof.isSafe).toBe(true);
  });

  test('a trust by a pattern stays as it is, and the others who use it are told of', () => {
    const role = testRole('api', { trustPolicy: policy(tokenStatement('system:serviceaccount:shop:*')) });
    const { plan, proof } = migrate([role], [account('shop/api', 'api'), account('shop/job')]);
    expect(outcomes(plan)).toEqual(['shop/api moves', 'shop/job stays notAnnotated']);
    expect(plan.roles[0]?.kept).toEqual(['system:serviceaccount:shop:*']);
    expect(JSON.parse(plan.roles[0]?.finished ?? '').Statement).toHaveLength(2);
    expect(proof.isSafe).toBe(true);
  });

  test('what cannot be on Fargate stays', () => {
    const pod = {
      ...{ namespace: 'shop', name: 'api-1', serviceAccount: 'api', nodeName: 'fargate-ip-10-0-0-1' },
      ...{ hostNetwork: false, injectedPodIdentity: false },
    };
    const { plan } = migrate([irsaRole('api', ['shop/api'])], [account('shop/api', 'api')], { pods: [pod] });
    expect(outcomes(plan)).toEqual(['shop/api stays fargate']);
  });

  test('a Deny that Pod Identity would meet is seen before anything is made', () => {
    const role = testRole('api', {
      trustPolicy: policy(tokenStatement(sub('shop/api')), {
        ...{ Effect: 'Deny', Principal: '*', Action: 'sts:TagSession' },
      }),
    });
    const { plan, proof } = migrate([role], [account('shop/api', 'api')]);
    expect(outcomes(plan)).toEqual(['shop/api stays refusedStill']);
    expect(plan.associations).toEqual([]);
    expect(proof.isSafe).toBe(true);
  });

  test('a role that the next role does not let pass its tags on loses it', () => {
    const may = (Action: string | readonly string[]): string =>
      policy({ Effect: 'Allow', Action, Resource: testArn('role/next') });
    const next = (Action: string | readonly string[]) =>
      testRole('next', {
        trustPolicy: policy({ Effect: 'Allow', Principal: { AWS: testArn('role/api') }, Action }),
      });
    const both = ['sts:AssumeRole', 'sts:TagSession'];
    const chained = (own: string | readonly string[], trust: string | readonly string[]) =>
      migrate(
        [irsaRole('api', ['shop/api'], { inlinePolicies: { chain: may(own) } }), next(trust)],
        [account('shop/api', 'api')],
      ).proof;
    expect(chained(both, both)).toMatchObject({ decisions: [], isSafe: true });
    for (const proof of [chained('sts:AssumeRole', both), chained(both, 'sts:AssumeRole')]) {
      expect(proof.decisions).toMatchObject([
        { verdict: 'loses', serviceAccounts: ['shop/api'], roleArn: testArn('role/api') },
      ]);
      expect(proof.decisions[0]?.message).toContain('role/next');
      expect(proof.isSafe).toBe(false);
    }
  });
});

test.each<readonly [string, object, readonly string[]]>([
  ['without tags', { Null: { 'aws:RequestTag/kubernetes-namespace': 'true' } }, ['loses']],
  ['with others', { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['team'] } }, ['loses']],
  ['of another namespace', { StringEquals: { 'aws:RequestTag/kubernetes-namespace': 'other' } }, []],
  ['of the namespace', { StringEquals: { 'aws:RequestTag/kubernetes-namespace': 'shop' } }, ['gains']],
])('inherited tags are asked for: of the next role for sessions %s', (_name, Condition, verdicts) => {
  const both = ['sts:AssumeRole', 'sts:TagSession'];
  const chain = policy({ Effect: 'Allow', Action: both, Resource: testArn('role/next') });
  const next = testRole('next', {
    trustPolicy: policy({
      ...{ Effect: 'Allow', Principal: { AWS: testArn('role/api') }, Action: both, Condition },
    }),
  });
  const role = irsaRole('api', ['shop/api'], { inlinePolicies: { chain } });
  const { proof } = migrate([role, next], [account('shop/api', 'api')]);
  expect(proof.decisions.map(({ verdict }) => verdict)).toEqual(verdicts);
});

test.each<readonly [string | readonly string[], string, readonly string[]]>([
  ['sts:AssumeRole', 'arn:aws:iam::444455556666:role/next', ['loses']],
  [['sts:AssumeRole', 'sts:TagSession'], 'arn:aws:iam::444455556666:role/next', ['mayDiffer']],
  ['sts:AssumeRole', 'arn:aws:iam::*:role/deploy', ['loses']],
  [['sts:AssumeRole', 'sts:TagSession'], 'arn:aws:iam::*:role/deploy', ['mayDiffer']],
  ['sts:AssumeRole', '*', ['loses']],
  // Nothing is known of whom it assumes, if anybody.
  ['*', '*', []],
])('of roles of other accounts that were not read: %s on %s', (Action, Resource, verdicts) => {
  const chain = policy({ Effect: 'Allow', Action, Resource });
  const role = irsaRole('api', ['shop/api'], { inlinePolicies: { chain } });
  const { proof } = migrate([role], [account('shop/api', 'api')]);
  expect(proof.decisions.map(({ verdict }) => verdict)).toEqual(verdicts);
  expect(proof.isSafe).toBe(verdicts.length === 0);
});

test('whoever has other roles by the same tokens is told of', () => {
  const roles = [irsaRole('api', ['shop/api']), irsaRole('reports', ['shop/api'])];
  const { plan } = migrate(roles, [account('shop/api', 'api')]);
  expect(plan.notes.find(({ code }) => code === 'otherRoles')?.message).toContain(
    `\`shop/api ${testArn('role/reports')}\``,
  );
});

test('an association that was there with a policy of its own is not called the same', () => {
  const trustPolicy = policy(tokenStatement(sub('shop/api')), {
    ...{ Effect: 'Allow', Principal: { Service: 'pods.eks.amazonaws.com' }, Action: 'sts:AssumeRole' },
  });
  const { plan, proof } = migrate([testRole('api', { trustPolicy })], [account('shop/api', 'api')], {
    podIdentityAssociations: [
      {
        ...{ associationId: 'a-1', namespace: 'shop', serviceAccount: 'api', roleArn: testArn('role/api') },
        ...{ disableSessionTags: true, policy: policy({ Effect: 'Allow', Action: 's3:*', Resource: '*' }) },
      },
    ],
  });
  expect(outcomes(plan)).toEqual(['shop/api already']);
  expect(proof.decisions).toMatchObject([{ verdict: 'mayDiffer' }]);
});

describe('sessions that differ', () => {
  const reading = (Effect: 'Allow' | 'Deny', Condition: object, Resource = 'arn:aws:s3:::orders/a') =>
    migrate(
      [
        irsaRole('api', ['shop/api'], {
          inlinePolicies: {
            all: policy({ Effect: 'Allow', Action: 's3:ListAllMyBuckets', Resource: '*' }),
            bucket: policy({ Effect, Action: 's3:GetObject', Resource, Condition }),
          },
        }),
      ],
      [account('shop/api', 'api')],
    ).proof;
  const tag = 'aws:PrincipalTag/kubernetes-namespace';

  test.each<readonly [string, ReturnType<typeof reading>, string]>([
    ['a tag that Pod Identity gives', reading('Allow', { StringEquals: { [tag]: 'shop' } }), 'gains'],
    ['a tag that must not be there', reading('Allow', { Null: { [tag]: 'true' } }), 'loses'],
    ['a tag of another namespace', reading('Allow', { StringEquals: { [tag]: 'other' } }), 'mayDiffer'],
    ['a Deny by the tag', reading('Deny', { StringEquals: { [tag]: 'shop' } }), 'mayDiffer'],
    [
      'what a provider says',
      reading('Allow', { StringEquals: { [`${issuerHost}:sub`]: sub('shop/api') } }),
      'mayDiffer',
    ],
    ['a variable', reading('Allow', {}, `arn:aws:s3:::orders/\${${tag}}/a`), 'mayDiffer'],
  ])('%s is told', (_, proof, verdict) => {
    expect(proof.decisions).toMatchObject([{ verdict }]);
    expect(proof.isSafe).toBe(false);
  });

  test('a tag of the role itself does not differ', () => {
    expect(reading('Allow', { StringEquals: { 'aws:PrincipalTag/team': 'red' } })).toMatchObject({
      decisions: [],
      isSafe: true,
    });
  });
});

describe('what stays', () => {
  test('a role of another account, with how to chain to it', () => {
    const other = 'arn:aws:iam::444455556666:role/orders';
    const { plan } = migrate([], [account('shop/api', other)]);
    expect(outcomes(plan)).toEqual(['shop/api stays otherAccount']);
    expect(plan.accounts[0]?.instead).toContain(`--target-role-arn ${other}`);
  });

  test('a role whose trust asks for more than the subject', () => {
    const role = testRole('api', {
      trustPolicy: policy(tokenStatement(sub('shop/api'), { IpAddress: { 'aws:SourceIp': '192.0.2.0/24' } })),
    });
    const { plan } = migrate([role], [account('shop/api', 'api')]);
    expect(outcomes(plan)).toEqual(['shop/api stays ownConditions']);
    expect(plan.accounts[0]?.why).toContain('aws:SourceIp');
  });

  test('a role of which is not known whether its account has the provider', () => {
    const { plan, proof } = migrate([irsaRole('api', ['shop/api'])], [account('shop/api', 'api')], {
      account: { oidcProviders: [] },
      gaps: [{ area: 'iam', reason: 'not all providers are in the files' }],
    });
    expect(outcomes(plan)).toEqual(['shop/api stays issuerUnknown']);
    expect(plan.accounts[0]?.why).toContain('which was not read');
    expect(proof).toMatchObject({ isSafe: false, unread: ['not all providers are in the files'] });
  });

  test('a role whose trust policy would be too long', () => {
    const many = Array.from({ length: 40 }, (_, at) => `shop/api-${at}`);
    const { plan } = migrate(
      [irsaRole('api', many)],
      many.map((one) => account(one, 'api')),
    );
    expect(new Set(plan.accounts.map(({ code }) => code))).toEqual(new Set(['trustTooLong']));
  });

  test('what was not read is not called safe', () => {
    const { podIdentityAssociations: _, ...cluster } = { podIdentityAssociations: [], name: 'prod' };
    const { proof } = migrate([irsaRole('api', ['shop/api'])], [account('shop/api', 'api')], {
      ...cluster,
      ...({ podIdentityAssociations: undefined } as object),
    });
    expect(proof.isSafe).toBe(false);
    expect(proof.unread.join()).toContain('associations');
  });
});

/** The proof of a plan that is not as it was made. */
function spoiltWorld(): ReturnType<typeof testWorld> {
  return testWorld({
    account: {
      roles: [irsaRole('api', ['shop/api', 'shop/job']), irsaRole('admin', ['shop/admin'])],
      oidcProviders: [{ arn: providerArn, url: issuerHost, clientIds: ['sts.amazonaws.com'] }],
    },
    cluster: {
      ...{ issuer: `https://${issuerHost}`, podIdentityAssociations: [], namespaces: ['shop'] },
      serviceAccounts: [account('shop/api', 'api'), account('shop/job'), account('shop/admin')],
    },
  });
}

function proofOf(change: (plan: IrsaPlan) => IrsaPlan): readonly string[] {
  const { world, cluster } = spoiltWorld();
  return changes(proveIrsaMigration(world, cluster, change(planIrsaMigration(world, cluster))));
}

describe('a plan that is wrong is proven wrong', () => {
  const rewritten = (step: 'prepared' | 'finished', edit: (text: string) => string) => (plan: IrsaPlan) => ({
    ...plan,
    roles: plan.roles.map((role) => ({ ...role, [step]: edit(role[step]) })),
  });

  test('as made it changes nothing', () => {
    expect(proofOf((plan) => plan)).toEqual([]);
  });

  test('a statement for more tokens', () => {
    expect(
      proofOf(rewritten('prepared', (text) => text.replace(sub('shop/job'), sub('shop/admin')))),
    ).toEqual(['prepared: shop/job loses api', 'prepared: shop/admin gains api']);
  });

  test('a statement that goes although somebody needs it', () => {
    const emptied = (text: string): string => text.replace(sub('shop/job'), sub('shop/nobody'));
    expect(proofOf(rewritten('finished', emptied))).toEqual([
      'finished: shop/job loses api',
      'finished: shop/nobody gains api',
    ]);
  });

  test('a statement for somebody else than Pods', () => {
    const { world, cluster } = spoiltWorld();
    const plan = planIrsaMigration(world, cluster);
    const proofWith = (step: 'prepared' | 'finished', edit: (text: string) => string) =>
      proveIrsaMigration(world, cluster, rewritten(step, edit)(plan));
    const others = [
      'what is to be written for `arn:aws:iam::111122223333:role/api` lets in others than Pod Identity',
    ];
    const user = (text: string): string =>
      text.replace(/]}$/, `,{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}`);
    const forge = (text: string): string => text.replaceAll(issuerHost, 'token.example.com');
    const everyCluster = (text: string): string => text.replace(testClusterArn, '*');
    const everyAccount = (text: string): string =>
      text.replace(',"aws:RequestTag/kubernetes-service-account":"api"', '');
    for (const edit of [user, forge, everyCluster, everyAccount]) {
      expect(proofWith('prepared', edit)).toMatchObject({ unread: others, isSafe: false });
      expect(proofWith('finished', edit)).toMatchObject({ unread: others, isSafe: false });
    }
    expect(proofWith('prepared', (text) => text)).toMatchObject({ unread: [], isSafe: true });
  });

  test('a Deny that goes', () => {
    const deny = {
      Effect: 'Deny',
      Principal: '*',
      Action: 'sts:*',
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    };
    const before = policy({ Effect: 'Allow', Principal: { AWS: '*' }, Action: 'sts:AssumeRole' }, deny);
    const of = { clusterArn: testClusterArn, accounts: [] };
    expect(letsInNobodyElse(before, before, of)).toBe(true);
    const without = policy({ Effect: 'Allow', Principal: { AWS: '*' }, Action: 'sts:AssumeRole' });
    expect(letsInNobodyElse(before, without, of)).toBe(false);
  });

  test('an association of another role, or of another account', () => {
    const other = (association: Partial<IrsaPlan['associations'][number]>) => (plan: IrsaPlan) => ({
      ...plan,
      associations: plan.associations.map((one) => ({ ...one, ...association })),
    });
    expect(proofOf(other({ serviceAccount: 'admin' }))).toEqual(['finished: shop/api loses api']);
    const wide = (text: string): string =>
      text.replace(/,"Condition":\{"StringEquals":\{"aws:RequestTag[^}]*\}\}/, '');
    expect(proofOf((plan) => other({ serviceAccount: 'admin' })(rewritten('prepared', wide)(plan)))).toEqual([
      'prepared: shop/admin gains api',
      'finished: shop/api loses api',
    ]);
  });
});

test('a statement that stands alone is compared as it is written', () => {
  const trustPolicy = JSON.stringify({ Version: '2012-10-17', Statement: tokenStatement(sub('shop/api')) });
  const { plan, proof } = migrate([testRole('api', { trustPolicy })], [account('shop/api', 'api')]);
  expect(plan.roles[0]?.before).toBe(trustPolicy);
  expect(JSON.parse(plan.roles[0]?.prepared ?? '').Statement).toHaveLength(2);
  expect(proof.isSafe).toBe(true);
});

test('a role that trusts Pod Identity already is not written again', () => {
  const role = testRole('api', {
    trustPolicy: policy(tokenStatement(sub('shop/api')), {
      ...{ Effect: 'Allow', Principal: { Service: 'pods.eks.amazonaws.com' } },
      Action: ['sts:AssumeRole', 'sts:TagSession'],
    }),
  });
  const { plan, proof } = migrate([role], [account('shop/api', 'api')]);
  expect(plan.roles[0]?.prepared).toBe(plan.roles[0]?.before);
  expect(proof.isSafe).toBe(true);
});
