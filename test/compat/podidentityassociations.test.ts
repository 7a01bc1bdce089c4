/** Pod Identity associations with the stock SDK and the stock AWS CLI (eks-access-facts J, E6, F23 to F29, L2). */
import { CloudTrailClient, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import {
  CreatePodIdentityAssociationCommand,
  type CreatePodIdentityAssociationRequest,
  DeletePodIdentityAssociationCommand,
  DescribePodIdentityAssociationCommand,
  ListPodIdentityAssociationsCommand,
  ListTagsForResourceCommand,
  type PodIdentityAssociation,
  RegisterClusterCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdatePodIdentityAssociationCommand,
} from '@aws-sdk/client-eks';
import { CreateRoleCommand } from '@aws-sdk/client-iam';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { awsCliUnavailable } from './clients.ts';
import { openShell } from './process.ts';
import { openScene, type Scene } from './scene.ts';
import {
  allowAll,
  type Clients,
  createCluster,
  createUser,
  outcome,
  roleArn,
  rootKeys,
  trust,
} from './world.ts';

const unavailable = awsCliUnavailable();
const because = unavailable === undefined ? '' : ` (not run: ${unavailable})`;

let scene: Scene;
let root: Clients;
let pods: string;

beforeAll(async () => {
  scene = await openScene();
  ({ root } = scene);
  await createCluster(root, scene.connection, 'main', 'CONFIG_MAP');
  await createCluster(root, scene.connection, 'other', 'API');
  pods = await role('pods', podTrust);
}, 60_000);

afterAll(() => scene?.close());

const podTrust = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { Service: 'pods.eks.amazonaws.com' },
      Action: ['sts:AssumeRole', 'sts:TagSession'],
    },
  ],
});

async function role(RoleName: string, AssumeRolePolicyDocument: string): Promise<string> {
  const { Role } = await root.iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
  return Role?.Arn ?? '';
}

async function create(
  { eks }: Clients,
  serviceAccount: string,
  more: Partial<CreatePodIdentityAssociationRequest> = {},
): Promise<PodIdentityAssociation> {
  const subject = { clusterName: 'main', namespace: 'shop', serviceAccount, roleArn: pods };
  const { association } = await eks.send(new CreatePodIdentityAssociationCommand({ ...subject, ...more }));
  return association ?? {};
}

async function user(name: string, ...statements: readonly object[]): Promise<Clients> {
  const allowed = statements.map((statement) => ({ Effect: 'Allow', Resource: '*', ...statement }));
  const policy = JSON.stringify({ Version: '2012-10-17', Statement: allowed });
  return scene.as(await createUser(root, name, policy));
}

const arn = (resource: string): string => {
  const { region, accountId } = scene.connection;
  return `arn:aws:eks:${region}:${accountId}:${resource}`;
};

describe('who may not', () => {
  const creating = { Action: 'eks:CreatePodIdentityAssociation' };
  const tagging = { Action: 'eks:TagResource' };
  const passing = (Condition: object) => ({ Action: 'iam:PassRole', Condition });
  const to = (service: string) => ({ StringEquals: { 'iam:PassedToService': service } });

  test.each<readonly [string, () => readonly object[], string]>([
    ['pass roles', () => [creating, tagging], 'iam:PassRole'],
    ['pass roles to pods', () => [creating, tagging, passing(to('eks.amazonaws.com'))], 'iam:PassRole'],
    [
      'pass roles to pods of this cluster',
      () => [creating, tagging, passing({ ArnLike: { 'iam:AssociatedResourceArn': arn('cluster/other') } })],
      'iam:PassRole',
    ],
    [
      'pass this role',
      () => [creating, tagging, { Action: 'iam:PassRole', Resource: `${pods}x` }],
      'iam:PassRole',
    ],
    ['set tags', () => [creating, passing(to('pods.eks.amazonaws.com'))], 'eks:TagResource'],
    [
      'use this cluster',
      () => [{ ...creating, Resource: arn('cluster/other') }],
      'eks:CreatePodIdentityAssociation',
    ],
    [
      'set these tags',
      () => [{ ...creating, Condition: { StringEquals: { 'aws:RequestTag/team': 'other' } } }],
      'eks:CreatePodIdentityAssociation',
    ],
  ])('%s makes no association', async (name, statements, action) => {
    const clients = await user(name.replaceAll(' ', '-'), ...statements());
    await expect(create(clients, 'denied', { tags: { team: 'shop' } })).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining(`is not authorized to perform: ${action} on resource: `),
      $metadata: { httpStatusCode: 403 },
    });
    const listing = { clusterName: 'main', serviceAccount: 'denied' };
    const { associations } = await root.eks.send(new ListPodIdentityAssociationsCommand(listing));
    expect(associations).toEqual([]);
  });

  test('use associations of another team reads, changes and ends none of them', async () => {
    const [own, others] = await Promise.all([
      create(root, 'own', { tags: { team: 'a' } }),
      create(root, 'others', { tags: { team: 'b' } }),
    ]);
    const clients = await user(
      'team-a',
      { Action: 'eks:*PodIdentity*', Condition: { StringEquals: { 'aws:ResourceTag/team': 'a' } } },
      { Action: 'iam:PassRole' },
    );
    const all = ({ associationId }: PodIdentityAssociation) => {
      const naming = { clusterName: 'main', associationId };
      return Promise.all([
        outcome(clients.eks.send(new DescribePodIdentityAssociationCommand(naming))),
        outcome(
          clients.eks.send(new UpdatePodIdentityAssociationCommand({ ...naming, disableSessionTags: true })),
        ),
        outcome(clients.eks.send(new DeletePodIdentityAssociationCommand(naming))),
      ]);
    };
    const denied = 'AccessDeniedException';
    expect(await all(others)).toEqual([denied, denied, denied]);
    // A name that none has is refused as one of somebody else is.
    expect(await all({ associationId: 'a-none' })).toEqual([denied, denied, denied]);
    const naming = { clusterName: 'main', associationId: own.associationId };
    await clients.eks.send(new DescribePodIdentityAssociationCommand(naming));
    await clients.eks.send(new UpdatePodIdentityAssociationCommand({ ...naming, disableSessionTags: true }));
    await clients.eks.send(new DeletePodIdentityAssociationCommand(naming));
  });

  test('change an association without passing its role does not widen it', async () => {
    const policy = allowAll('s3:GetObject');
    const made = await create(root, 'narrow', { policy, disableSessionTags: true });
    const clients = await user('updater', { Action: 'eks:UpdatePodIdentityAssociation' });
    const naming = { clusterName: 'main', associationId: made.associationId };
    await expect(
      clients.eks.send(new UpdatePodIdentityAssociationCommand({ ...naming, policy: '' })),
    ).rejects.toThrow(`is not authorized to perform: iam:PassRole on resource: ${pods}`);
    const { association } = await root.eks.send(new DescribePodIdentityAssociationCommand(naming));
    expect(association).toEqual(made);
  });
});

describe('refused', () => {
  test.each<readonly [string, () => Partial<CreatePodIdentityAssociationRequest>, string, number, RegExp]>([
    [
      'a role that is not there',
      () => ({ roleArn: `${pods}x` }),
      ...(['InvalidParameterException', 400, /^Role provided in the request does not exist\.$/] as const),
    ],
    [
      'a role of another account',
      () => ({ roleArn: 'arn:aws:iam::999999999999:role/pods' }),
      ...(['AccessDeniedException', 403, /^Cross-account pass role is not allowed\.$/] as const),
    ],
    [
      'a namespace that cannot be',
      () => ({ namespace: 'Shop' }),
      ...([
        'InvalidParameterException',
        400,
        /^The parameter namespace contains invalid characters\./,
      ] as const),
    ],
    [
      'a policy beside session tags',
      () => ({ policy: allowAll('s3:GetObject') }),
      ...([
        'InvalidParameterException',
        400,
        /^When policy is specified, disableSessionTags must be/,
      ] as const),
    ],
    [
      'a cluster that is not there',
      () => ({ clusterName: 'none' }),
      ...(['ResourceNotFoundException', 404, /^No cluster found for name: none\.$/] as const),
    ],
  ])('%s', async (_, more, name, httpStatusCode, message) => {
    await expect(create(root, 'refused', more())).rejects.toMatchObject({
      name,
      message: expect.stringMatching(message),
      $metadata: { httpStatusCode },
    });
  });

  test('a role that does not trust Pod Identity, as it is when it comes from another mechanism', async () => {
    const nodes = await role('nodes', trust({ Service: 'ec2.amazonaws.com' }));
    await expect(create(root, 'refused', { roleArn: nodes })).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: expect.stringMatching(/^Trust policy of the role provided is invalid\. Follow the official/),
    });
  });

  test('a second association, and one that is not there', async () => {
    const made = await create(root, 'twice');
    await expect(create(root, 'twice')).rejects.toMatchObject({
      name: 'ResourceInUseException',
      message: `Association already exists: ${made.associationId}`,
      clusterName: 'main',
      $metadata: { httpStatusCode: 409 },
    });
    const naming = { clusterName: 'other', associationId: made.associationId };
    await expect(root.eks.send(new DescribePodIdentityAssociationCommand(naming))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      $metadata: { httpStatusCode: 404 },
    });
  });
});

test('an association lives with the SDK: made by who may, described, listed, changed, tagged, ended', async () => {
  const clients = await user(
    'admin',
    { Action: ['eks:*PodIdentity*', 'eks:*Tag*'] },
    {
      Action: 'iam:PassRole',
      Condition: {
        StringEquals: { 'iam:PassedToService': 'pods.eks.amazonaws.com' },
        ArnLike: { 'iam:AssociatedResourceArn': arn('cluster/m*') },
      },
    },
  );
  const { eks } = clients;
  const target = 'arn:aws:iam::999999999999:role/bucket';
  const policy = allowAll('s3:GetObject');
  const made = await create(clients, 'cart', { tags: { team: 'shop' }, targetRoleArn: target });
  const { associationId = '', associationArn: resourceArn = '' } = made;
  const naming = { clusterName: 'main', associationId };
  const { region, accountId } = scene.connection;
  expect(made).toEqual({
    clusterName: 'main',
    namespace: 'shop',
    serviceAccount: 'cart',
    roleArn: pods,
    associationArn: arn(`podidentityassociation/main/${associationId}`),
    associationId: expect.stringMatching(/^a-[a-z0-9]{17}$/),
    tags: { team: 'shop' },
    createdAt: expect.any(Date),
    modifiedAt: made.createdAt,
    disableSessionTags: false,
    targetRoleArn: target,
    externalId: `${region}/${accountId}/main/shop/cart`,
  });
  const filter = { clusterName: 'main', namespace: 'shop', serviceAccount: 'cart' };
  const { associations } = await eks.send(new ListPodIdentityAssociationsCommand(filter));
  const { clusterName, namespace, serviceAccount } = made;
  expect(associations).toEqual([
    { clusterName, namespace, serviceAccount, associationId, associationArn: resourceArn },
  ]);

  const change = { targetRoleArn: '', disableSessionTags: true, policy };
  const { association: changed } = await eks.send(
    new UpdatePodIdentityAssociationCommand({ ...naming, ...change }),
  );
  const { externalId: _id, targetRoleArn: _target, ...kept } = made;
  const expected = { ...kept, disableSessionTags: true, policy, modifiedAt: changed?.modifiedAt };
  expect(changed).toEqual(expected);
  expect(changed?.modifiedAt?.getTime()).toBeGreaterThan(made.createdAt?.getTime() ?? Number.NaN);

  await eks.send(new TagResourceCommand({ resourceArn, tags: { a: 'b' } }));
  await eks.send(new UntagResourceCommand({ resourceArn, tagKeys: ['team'] }));
  expect((await eks.send(new ListTagsForResourceCommand({ resourceArn }))).tags).toEqual({ a: 'b' });
  const { association: ended } = await eks.send(new DeletePodIdentityAssociationCommand(naming));
  expect(ended).toEqual({ ...expected, tags: { a: 'b' } });
  expect(await outcome(eks.send(new DescribePodIdentityAssociationCommand(naming)))).toBe(
    'ResourceNotFoundException',
  );
});

test('the trail has it in the form of AWS (L2)', async () => {
  const tags = { team: 'shop' };
  const made = await create(root, 'recorded', { tags, clientRequestToken: 'once' });
  const naming = { clusterName: 'main', associationId: made.associationId };
  await root.eks.send(new DeletePodIdentityAssociationCommand(naming));
  const { awsEndpoint: endpoint, region } = scene.connection;
  const cloudtrail = new CloudTrailClient({ endpoint, region, credentials: rootKeys(scene.connection) });
  const eventOf = async (AttributeValue: string) => {
    const LookupAttributes = [{ AttributeKey: 'EventName' as const, AttributeValue }];
    const { Events = [] } = await cloudtrail.send(new LookupEventsCommand({ LookupAttributes }));
    const events = Events.map(({ CloudTrailEvent = '' }) => JSON.parse(CloudTrailEvent));
    return events.find(
      ({ responseElements }) => responseElements?.association?.serviceAccount === 'recorded',
    );
  };
  const association = {
    ...made,
    createdAt: (made.createdAt?.getTime() ?? 0) / 1000,
    modifiedAt: (made.modifiedAt?.getTime() ?? 0) / 1000,
  };
  const subject = { namespace: 'shop', serviceAccount: 'recorded', roleArn: pods };
  expect(await eventOf('CreatePodIdentityAssociation')).toMatchObject({
    eventSource: 'eks.amazonaws.com',
    readOnly: false,
    requestParameters: { name: 'main', ...subject, tags, clientRequestToken: 'once' },
    responseElements: { association },
    resources: [{ type: 'AWS::EKS::Cluster', ARN: arn('cluster/main') }],
  });
  expect(await eventOf('DeletePodIdentityAssociation')).toMatchObject({
    requestParameters: { name: 'main', associationId: made.associationId },
    responseElements: { association },
    resources: [{ type: 'AWS::EKS::PodIdentityAssociation', ARN: made.associationArn }],
  });
  cloudtrail.destroy();
});

test.skipIf(unavailable !== undefined)(
  `the AWS CLI makes one for a registered cluster, which shows it in pages${because}`,
  async () => {
    const { connection } = scene;
    const connectorConfig = { provider: 'OTHER', roleArn: roleArn(connection, 'cluster') } as const;
    await root.eks.send(new RegisterClusterCommand({ name: 'far', connectorConfig }));
    const { aws, awsJson } = openShell(scene.directory, connection, rootKeys(connection));
    const create = (serviceAccount: string) => [
      ...['eks', 'create-pod-identity-association', '--cluster-name', 'far', '--role-arn', pods],
      ...['--namespace', 'default', '--service-account', serviceAccount],
    ];
    const { association } = await awsJson<{ association: Readonly<Record<string, unknown>> }>(
      ...create('first'),
      ...['--no-disable-session-tags', '--tags', 'team=shop'],
    );
    expect(association).toMatchObject({
      clusterName: 'far',
      serviceAccount: 'first',
      tags: { team: 'shop' },
    });
    const { stderr, code } = await aws(...create('first'));
    expect(code).not.toBe(0);
    expect(stderr).toContain(
      `An error occurred (ResourceInUseException) when calling the CreatePodIdentityAssociation operation: Association already exists: ${association.associationId}`,
    );
    const subject = { clusterName: 'far', namespace: 'default', roleArn: pods };
    for (const serviceAccount of ['second', 'third']) {
      await root.eks.send(new CreatePodIdentityAssociationCommand({ ...subject, serviceAccount }));
    }
    const { associations } = await awsJson<{ associations: readonly PodIdentityAssociation[] }>(
      ...['eks', 'list-pod-identity-associations', '--cluster-name', 'far', '--page-size', '2'],
    );
    expect(associations.map(({ serviceAccount }) => serviceAccount)).toEqual(['first', 'second', 'third']);
  },
  60_000,
);
