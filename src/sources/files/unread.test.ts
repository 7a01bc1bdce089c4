import { describe, expect, test } from 'vitest';
import { gapTexts, readTexts } from './testworld.ts';

const json = (value: unknown) => readTexts({ 'a.json': JSON.stringify(value) });
const arn = (resource: string): string => `arn:aws:iam::111122223333:${resource}`;
const cluster = {
  ...{ address: 'aws_eks_cluster.prod', mode: 'managed', type: 'aws_eks_cluster', name: 'prod' },
  values: { name: 'prod', arn: 'arn:aws:eks:eu-central-1:111122223333:cluster/prod' },
};
const resource = (address: string, values: object): object => {
  const [type = '', name = ''] = address.split('.');
  return { address, mode: 'managed', type, name, values };
};
const planOf = (resources: readonly object[], more: object = {}): object => ({
  ...{ format_version: '1.2', terraform_version: '1.13.4', resource_changes: [] },
  ...{ planned_values: { root_module: { resources: [cluster, ...resources] } }, ...more },
});

describe('what may give access and is not read is a gap: Terraform', () => {
  test.each([
    ['helm_release.ingress', 'roles and bindings of its chart are not read here'],
    ['aws_eks_node_group.main', 'EKS lets its nodes in by itself'],
    ['aws_eks_capability.x', 'resources of type `aws_eks_capability` are not read here'],
    [
      'aws_iam_role_policies_exclusive.x',
      'resources of type `aws_iam_role_policies_exclusive` are not read here',
    ],
  ])('%s', async (address, reason) => {
    expect(gapTexts(await json(planOf([resource(address, {})])))).toContainEqual(
      expect.stringContaining(`\`${address}\`: ${reason}`),
    );
  });

  test('and nothing is said of what grants nothing', async () => {
    const told = gapTexts(
      await json(planOf([resource('aws_iam_instance_profile.x', {}), resource('aws_s3_bucket.x', {})])),
    );
    expect(told.filter((text) => text.includes('.x'))).toEqual([]);
  });

  test('resources of two Kubernetes providers may be of two clusters', async () => {
    const role = (name: string): object =>
      resource(`kubernetes_role_v1.${name}`, { metadata: [{ name, namespace: 'a' }], rule: [] });
    const config = (name: string): object => ({
      address: `kubernetes_role_v1.${name}`,
      provider_config_key: `kubernetes.${name}`,
    });
    const configuration = { root_module: { resources: [config('east'), config('west')] } };
    expect(gapTexts(await json(planOf([role('east'), role('west')], { configuration })))).toContainEqual(
      expect.stringContaining('several providers `kubernetes` (`kubernetes.east`, `kubernetes.west`)'),
    );
  });
});

test('SECURITY: a policy that a plan detaches is not what the provider still knows of the role', async () => {
  const policy = (name: string): string => `arn:aws:iam::aws:policy/${name}`;
  const role = resource('aws_iam_role.ops', {
    ...{ name: 'ops', arn: arn('role/ops'), assume_role_policy: '{}' },
    managed_policy_arns: [policy('A'), policy('B')],
    inline_policy: [
      { name: 'old', policy: '{"a":1}' },
      { name: 'own', policy: '{"a": 1}' },
    ],
  });
  const change = (address: string, actions: readonly string[], before: object): object => {
    const [type = '', name = ''] = address.split('.');
    return { address, type, name, change: { actions, before } };
  };
  const { accounts, gaps } = await json(
    planOf([role, resource('aws_iam_role_policy.own', { role: 'ops', name: 'own', policy: '{"a":1}' })], {
      resource_changes: [
        change('aws_iam_role_policy_attachment.a', ['delete'], { role: 'ops', policy_arn: policy('A') }),
        change('aws_iam_role_policy_attachment.b', ['no-op'], { role: 'ops', policy_arn: policy('B') }),
        change('aws_iam_role_policy.old', ['delete'], { role: 'ops', name: 'old' }),
      ],
    }),
  );
  expect(accounts[0]?.roles[0]).toMatchObject({
    attachedPolicyArns: [policy('B')],
    inlinePolicies: { own: '{"a":1}' },
  });
  expect(accounts[0]?.roles[0]?.inlinePolicies).not.toHaveProperty('old');
  expect(gapTexts({ gaps }).filter((text) => text.includes('told twice'))).toEqual([]);
});

describe('what is known only after apply follows references of the same instance:', () => {
  const of = (type: string, key: string, values: object): object => ({
    ...{ address: `${type}.this["${key}"]`, mode: 'managed', type, name: 'this', index: key, values },
  });
  const unknown = (type: string, key: string, after_unknown: object): object => ({
    ...{ address: `${type}.this["${key}"]`, type, name: 'this', index: key },
    change: { actions: ['create'], before: null, after: {}, after_unknown },
  });
  const keys = ['a', 'b'];
  test.each<[string, readonly string[], readonly string[]]>([
    ['with the attribute', ['aws_iam_role.this[each.key].arn', 'aws_iam_role.this', 'each.key'], ['a', 'b']],
    ['as Terraform lists them', ['aws_iam_role.this', 'each.key'], ['a', 'b']],
    [
      'of one that is named',
      ['aws_iam_role.this["b"].arn', 'aws_iam_role.this["b"]', 'aws_iam_role.this'],
      ['b'],
    ],
    ['of no key', ['aws_iam_role.this'], []],
    ['of something else made of a name', ['aws_iam_role.this["b"].name', 'aws_iam_role.this'], []],
  ])('%s', async (_, references, found) => {
    const plan = planOf(
      [
        ...keys.map((key) =>
          of('aws_iam_role', key, { name: key, path: '/team/', assume_role_policy: '{}' }),
        ),
        ...keys.map((key) => of('aws_eks_access_entry', key, { cluster_name: 'prod', type: 'STANDARD' })),
      ],
      {
        resource_changes: keys.map((key) => unknown('aws_eks_access_entry', key, { principal_arn: true })),
        configuration: {
          root_module: {
            resources: [
              { address: 'aws_eks_access_entry.this', expressions: { principal_arn: { references } } },
            ],
          },
        },
      },
    );
    const snapshot = await json(plan);
    expect(snapshot.clusters[0]?.accessEntries.map(({ principalArn }) => principalArn)).toEqual(
      found.map((key) => arn(`role/team/${key}`)),
    );
    const told = gapTexts(snapshot).filter((text) => text.includes('known only after apply'));
    expect(told).toHaveLength(found.length === 0 ? 2 : 0);
  });
});

test('a pod identity is beside its service account, whichever comes first, and each key of a user is one', async () => {
  const pod = resource('aws_eks_pod_identity_association.x', {
    cluster_name: 'prod',
    namespace: 'a',
    service_account: 'b',
    role_arn: arn('role/r'),
  });
  const account = resource('kubernetes_service_account_v1.x', { metadata: [{ name: 'b', namespace: 'a' }] });
  const user = resource('aws_iam_user.ada', { name: 'ada', arn: arn('user/ada') });
  const key = (name: string): object =>
    resource(`aws_iam_access_key.${name}`, { user: 'ada', secret: 'SECRET' });
  for (const resources of [
    [pod, account],
    [account, pod],
  ]) {
    const snapshot = await json(planOf([...resources, user, key('one'), key('two')]));
    expect(snapshot.clusters[0]?.serviceAccounts).toEqual([{ namespace: 'a', name: 'b' }]);
    expect(snapshot.clusters[0]?.podIdentityAssociations).toEqual([
      {
        ...{ associationId: '', namespace: 'a', serviceAccount: 'b', roleArn: arn('role/r') },
        disableSessionTags: false,
      },
    ]);
    expect(snapshot.accounts[0]?.users[0]?.accessKeys).toHaveLength(2);
    expect(gapTexts(snapshot).filter((text) => /differ|told/.test(text))).toEqual([]);
    expect(JSON.stringify(snapshot)).not.toContain('SECRET');
  }
});

describe('what may give access and is not read is a gap: CloudFormation', () => {
  const role = { Type: 'AWS::IAM::Role', Properties: { RoleName: 'r', AssumeRolePolicyDocument: {} } };
  test.each<[string, object, string]>([
    [
      'a nested stack',
      { Resources: { role, x: { Type: 'AWS::CloudFormation::Stack' } } },
      '`x`: resources of type `AWS::CloudFormation::Stack`',
    ],
    [
      'a module',
      { Resources: { role, x: { Type: 'Our::Access::MODULE' } } },
      '`x`: resources of type `Our::Access::MODULE`',
    ],
    [
      'a loop',
      { Resources: { role, 'Fn::ForEach::x': ['a', ['b'], {}] } },
      '`Fn::ForEach::x`: it makes resources',
    ],
    ['a macro', { Transform: 'Ours', Resources: { role } }, 'what the macros of `Transform` make of it'],
  ])('%s', async (_, template, reason) => {
    expect(gapTexts(await json(template))).toContainEqual(expect.stringContaining(reason));
  });

  const entry = (principal: unknown): object => ({
    Type: 'AWS::EKS::AccessEntry',
    Properties: { ClusterName: 'prod', PrincipalArn: principal },
  });
  test('a parameter is read as its default, which is told, and one kept in SSM is not known', async () => {
    const Parameters = {
      Who: { Type: 'String', Default: arn('role/ops') },
      Kept: { Type: 'AWS::SSM::Parameter::Value<String>', Default: arn('role/path-in-ssm') },
    };
    const snapshot = await json({
      Parameters,
      Resources: { a: entry({ Ref: 'Who' }), b: entry({ Ref: 'Kept' }) },
    });
    expect(snapshot.clusters[0]?.accessEntries.map(({ principalArn }) => principalArn)).toEqual([
      arn('role/ops'),
    ]);
    expect(gapTexts(snapshot)).toEqual(
      expect.arrayContaining([
        expect.stringContaining('parameters are read as their defaults: `Who`;'),
        expect.stringContaining('parameter `Kept`, which is kept in SSM'),
      ]),
    );
  });

  test.each<[string, unknown, string | undefined]>([
    ['is met', { 'Fn::Equals': [{ Ref: 'Stage' }, 'prod'] }, 'role/yes'],
    ['is not met', { 'Fn::Not': [{ 'Fn::Equals': [{ Ref: 'Stage' }, 'prod'] }] }, 'role/no'],
    ['is met by another', { 'Fn::Or': [{ Condition: 'Other' }, { Condition: 'None' }] }, 'role/yes'],
    ['goes in a circle', { 'Fn::And': [{ Condition: 'C' }] }, undefined],
    ['cannot be told', { 'Fn::Equals': [{ Ref: 'AWS::StackName' }, 'x'] }, undefined],
  ])('a condition that %s', async (_, condition, name) => {
    const snapshot = await json({
      Parameters: { Stage: { Type: 'String', Default: 'prod' } },
      Conditions: { C: condition, Other: { 'Fn::Equals': ['a', 'a'] } },
      Resources: {
        a: entry({ 'Fn::If': ['C', arn('role/yes'), arn('role/no')] }),
        b: entry(arn('role/ops')),
      },
    });
    expect(snapshot.clusters[0]?.accessEntries.map(({ principalArn }) => principalArn).sort()).toEqual(
      [arn('role/ops'), ...(name === undefined ? [] : [arn(name)])].sort(),
    );
    const told = gapTexts(snapshot).some((text) =>
      text.includes('its cluster or its principal cannot be told'),
    );
    expect(told).toBe(name === undefined);
  });
});

test('an eksctl config tells pod identities and identity providers', async () => {
  const snapshot = await json({
    ...{
      apiVersion: 'eksctl.io/v1alpha5',
      kind: 'ClusterConfig',
      metadata: { name: 'prod', region: 'eu-central-1' },
    },
    iam: {
      podIdentityAssociations: [
        { namespace: 'a', serviceAccountName: 'b', roleARN: arn('role/r') },
        { namespace: 'a', serviceAccountName: 'c', permissionPolicyARNs: ['x'] },
      ],
    },
    identityProviders: [
      {
        name: 'corp',
        type: 'oidc',
        issuerURL: 'https://idp.example.com',
        clientID: 'k8s',
        groupsPrefix: 'corp:',
      },
      { name: 'bad' },
    ],
  });
  expect(snapshot.clusters[0]).toMatchObject({
    podIdentityAssociations: [{ namespace: 'a', serviceAccount: 'b', roleArn: arn('role/r') }],
    identityProviders: [
      { name: 'corp', issuerUrl: 'https://idp.example.com', clientId: 'k8s', groupsPrefix: 'corp:' },
    ],
  });
  expect(gapTexts(snapshot)).toEqual(
    expect.arrayContaining([
      expect.stringContaining('the role that eksctl makes for pod identity `a/c` is not known'),
      expect.stringContaining('an identity provider has no name, issuer or client'),
    ]),
  );
});

test('a mapping that a config adds and aws-auth has already is there once', async () => {
  const rolearn = arn('role/build');
  const config = {
    ...{ apiVersion: 'eksctl.io/v1alpha5', kind: 'ClusterConfig', metadata: { name: 'prod', region: 'x' } },
    iamIdentityMappings: [
      { arn: rolearn, username: 'build', groups: ['builders'] },
      { arn: rolearn, username: 'other', groups: [] },
    ],
  };
  const awsAuth = {
    ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'aws-auth', namespace: 'kube-system' } },
    data: { mapRoles: JSON.stringify([{ rolearn, username: 'build', groups: ['builders'] }]) },
  };
  const { clusters } = await json({ apiVersion: 'v1', kind: 'List', items: [awsAuth] });
  const joined = await readTexts({ 'a.json': JSON.stringify(awsAuth), 'c.json': JSON.stringify(config) });
  expect(clusters[0]?.awsAuth?.roles).toHaveLength(1);
  expect(joined.clusters[0]?.awsAuth?.roles.map(({ username }) => username)).toEqual(['build', 'other']);
});

describe('who created a cluster in mode CONFIG_MAP is its administrator, whom EKS shows nobody (eks-access-facts D8)', () => {
  const clusterArn = 'arn:aws:eks:eu-central-1:111122223333:cluster/prod';
  const described = (mode: string, bootstrap?: boolean): object => {
    const accessConfig = {
      authenticationMode: mode,
      bootstrapClusterCreatorAdminPermissions: bootstrap,
    };
    return { cluster: { name: 'prod', arn: clusterArn, accessConfig } };
  };
  const stated = (mode: string): object => ({
    ...{ format_version: '1.0', terraform_version: '1.13.4' },
    values: {
      root_module: {
        resources: [
          resource('aws_eks_cluster.prod', {
            ...{ name: 'prod', arn: clusterArn },
            access_config: [{ authentication_mode: mode }],
          }),
        ],
      },
    },
  });
  const template = {
    Resources: { C: { Type: 'AWS::EKS::Cluster', Properties: { Name: 'prod' } } },
  };
  const config = {
    ...{ apiVersion: 'eksctl.io/v1alpha5', kind: 'ClusterConfig' },
    metadata: { name: 'prod', region: 'eu-central-1' },
    accessConfig: { authenticationMode: 'CONFIG_MAP' },
  };
  const creators = async (...values: readonly object[]): Promise<readonly string[]> => {
    const texts = values.map((value, at) => [`${at}.json`, JSON.stringify(value)] as const);
    const { gaps } = await readTexts(Object.fromEntries(texts));
    return gaps
      .filter(({ area, reason }) => area === 'accessEntries' && reason.includes('administrator'))
      .map(({ reason }) => reason.replace(/^`[^`]*`: /, ''));
  };
  const hidden =
    'EKS does not tell who created cluster `prod`: in mode CONFIG_MAP its creator is its administrator, whom nothing shows';

  test.each([
    ['the AWS CLI', [described('CONFIG_MAP')], hidden],
    ['Terraform of a cluster that is there', [stated('CONFIG_MAP')], hidden],
    ['a config of eksctl', [config], expect.stringContaining('whoever creates cluster `prod`')],
  ])('%s', async (_, values, reason) => {
    expect(await creators(...values)).toEqual([reason]);
  });

  test.each([
    ['where it was made without', [described('CONFIG_MAP', false)]],
    ['in other modes', [described('API_AND_CONFIG_MAP')]],
    ['in other modes, of Terraform', [stated('API')]],
  ])('not %s', async (_, values) => {
    expect(await creators(...values)).toEqual([]);
  });

  test('a template, whose gap is of the cluster, says it once', async () => {
    const { gaps } = await json(template);
    expect(gaps.filter(({ reason }) => reason.includes('administrator'))).toEqual([
      expect.objectContaining({ reason: expect.stringContaining('whoever deploys this') }),
    ]);
  });

  test('a saved snapshot says itself whether it knows', async () => {
    const { clusters, ...rest } = await json(described('CONFIG_MAP'));
    const known = {
      ...rest,
      clusters: clusters.map((one) => ({ ...one, hiddenAdminPrincipalId: 'AIDAADA' })),
    };
    expect(await creators({ ...known, gaps: [] }, described('CONFIG_MAP'))).toEqual([]);
  });
});
