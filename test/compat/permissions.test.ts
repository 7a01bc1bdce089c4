/** Who may call what, over the wire: every operation that is served, by users with no, one, denied and conditional rights. */
import {
  CreateAccessEntryCommand,
  CreatePodIdentityAssociationCommand,
  DescribeClusterCommand,
  ListClustersCommand,
} from '@aws-sdk/client-eks';
import {
  AttachUserPolicyCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  DeleteUserPolicyCommand,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { services } from '../../src/wire/protocols/services.ts';
import { contracts } from './contracts.ts';
import { type Keys, type ServerProcess, startServerProcess, temporaryDirectory } from './process.ts';
import { draft, errorOf, sendSigned } from './signed.ts';
import {
  allowAll,
  assumeRole,
  type Clients,
  createClients,
  createCluster,
  createClusterRole,
  createRole,
  createUser,
  roleArn,
  rootKeys,
} from './world.ts';

const directory = temporaryDirectory();
let server: ServerProcess;
let root: Clients;
let bob: Keys;

beforeAll(async () => {
  server = await startServerProcess(directory.path);
  const { connection } = server;
  root = createClients(connection, rootKeys(connection));
  await createClusterRole(root);
  await createCluster(root, connection, 'main', 'API');
  await createRole(root, connection, 'member');
  await root.eks.send(
    new CreateAccessEntryCommand({ clusterName: 'main', principalArn: roleArn(connection, 'member') }),
  );
  await createPodIdentity('pods');
  await createUser(root, 'carol');
  bob = await createUser(root, 'bob');
}, 60_000);

afterAll(async () => {
  root?.destroy();
  await server?.stop();
  directory.remove();
});

type Service = 'eks' | 'eks-auth' | 'iam' | 'sts' | 'cloudtrail' | 'entryway';
interface Call {
  readonly service: Service;
  readonly operation: string;
}

const calls: readonly Call[] = (['eks', 'eks-auth', 'iam', 'sts', 'cloudtrail', 'entryway'] as const).flatMap(
  (service) => contracts[service].served.map((operation) => ({ service, operation })),
);
/** What our own operations do as EKS does, they do by permission of EKS's action. */
const asEks = new Set(
  contracts.entryway.served.filter((operation) => services.eks.operationNames.includes(operation)),
);
asEks.delete('ListAccessPolicies');

function actionOf({ service, operation }: Call): string {
  return `${service === 'entryway' && asEks.has(operation) ? 'eks' : service}:${operation}`;
}
/** Nobody needs permission for these (iam-facts E13, I14); AssumeRole asks the role's trust policy. */
const free = new Set(['GetCallerIdentity', 'GetSessionToken', 'AssumeRole', 'AssumeRoleWithWebIdentity']);
const guarded = calls.filter(({ operation }) => !free.has(operation));

interface Names {
  readonly cluster: string;
  readonly role: string;
  readonly user: string;
  readonly association: string;
}
const existing = { cluster: 'main', role: 'member', user: 'carol', association: '' };
const absent: Names = { cluster: 'nowhere', role: 'nothing', user: 'nobody', association: 'a-none' };

async function createPodIdentity(name: string): Promise<void> {
  const statement = {
    Effect: 'Allow',
    Principal: { Service: 'pods.eks.amazonaws.com' },
    Action: ['sts:AssumeRole', 'sts:TagSession'],
  };
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  await root.iam.send(new CreateRoleCommand({ RoleName: name, AssumeRolePolicyDocument }));
  const subject = { clusterName: 'main', namespace: 'shop', serviceAccount: 'cart' };
  const { association } = await root.eks.send(
    new CreatePodIdentityAssociationCommand({ ...subject, roleArn: roleArn(server.connection, name) }),
  );
  existing.association = association?.associationId ?? '';
}

function inputValues({ cluster, role, user, association }: Names): Readonly<Record<string, unknown>> {
  const { connection } = server;
  const arn = roleArn(connection, role);
  return {
    name: cluster,
    clusterName: cluster,
    associationId: association,
    roleArn: arn,
    resourcesVpcConfig: {},
    principalArn: arn,
    PolicySourceArn: arn,
    Arn: arn,
    policyArn: 'arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy',
    accessScope: { type: 'cluster' },
    resourceArn: `arn:aws:eks:${connection.region}:${connection.accountId}:cluster/${cluster}`,
    tags: { a: 'b' },
    tagKeys: ['a'],
    UserName: user,
    RoleName: role,
    PolicyName: 'some',
    PolicyArn: `arn:aws:iam::${connection.accountId}:policy/${role}`,
    PolicyDocument: allowAll('s3:*'),
    AssumeRolePolicyDocument: allowAll('sts:AssumeRole'),
    AccessKeyId: 'AKIAQQQQQQQQQQQQQQQQ',
    Status: 'Inactive',
    VersionId: 'v1',
    TagKeys: ['a'],
    RoleArn: arn,
    RoleSessionName: 'session',
    SerialNumber: `arn:aws:iam::${connection.accountId}:mfa/${user}`,
    OpenIDConnectProviderArn: `arn:aws:iam::${connection.accountId}:oidc-provider/oidc.example.com/${cluster}`,
    Url: `https://oidc.example.com/${cluster}`,
    AWSServiceName: 'eks.amazonaws.com',
  };
}

async function ask({ service, operation }: Call, keys: Keys, names: Names) {
  const { SerialNumber, ...values } = inputValues(names);
  // Asked of STS, a device asks for its code.
  const given = service === 'sts' ? values : { ...values, SerialNumber };
  const input = contracts[service].minimalInput(operation, given);
  const answer = await sendSigned(server.connection, draft(service, operation, input), { keys, service });
  return answer.status === 200 ? { error: 'none', message: '' } : errorOf(service, answer);
}

const deniedCodes = {
  eks: 'AccessDeniedException 403',
  'eks-auth': 'AccessDeniedException 400',
  iam: 'AccessDenied 403',
  sts: 'AccessDenied 403',
  cloudtrail: 'AccessDeniedException 400',
  entryway: 'AccessDeniedException 403',
};

/** E9, G1: who, what, on which resource, and why not. */
function denial(call: Call, who: string, reason: 'implicit' | 'explicit'): RegExp {
  const action = actionOf(call);
  const because =
    reason === 'implicit'
      ? `because no identity-based policy allows the ${action} action`
      : 'with an explicit deny in an identity-based policy';
  return new RegExp(
    `^User: ${who} is not authorized to perform: ${action} on resource: (arn:aws:(eks|iam):\\S+|\\S.*) ${because}`,
  );
}

function userArn(name: string): string {
  return `arn:aws:iam::${server.connection.accountId}:user/${name}`;
}

async function setPolicy(statements: readonly object[]): Promise<void> {
  await root.iam.send(
    new PutUserPolicyCommand({
      UserName: 'bob',
      PolicyName: 'test',
      PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: statements }),
    }),
  );
}

async function isDenied(call: Call, keys = bob): Promise<boolean> {
  const { error, message } = await ask(call, keys, absent);
  return error === deniedCodes[call.service] && message.includes(`perform: ${actionOf(call)} `);
}

describe('a user without policies is denied', () => {
  test('the matrix is not empty', () => expect(guarded.length).toBeGreaterThan(60));

  test.each(['existing', 'absent'] as const)(
    'every operation on %s things, in the words of AWS',
    async (kind) => {
      for (const call of guarded) {
        const found = await ask(call, bob, kind === 'existing' ? existing : absent);
        expect(found).toEqual({
          error: deniedCodes[call.service],
          message: expect.stringMatching(denial(call, userArn('bob'), 'implicit')),
        });
      }
    },
  );

  test('a role that does not trust them, whether it is there or not, alike', async () => {
    for (const names of [existing, absent]) {
      const { error, message } = await ask({ service: 'sts', operation: 'AssumeRole' }, bob, names);
      expect(error).toBe('AccessDenied 403');
      expect(message).toMatch(
        new RegExp(`^User: ${userArn('bob')} is not authorized to perform: sts:AssumeRole on resource: `),
      );
      expect(message.replaceAll(names.role, 'ROLE')).toBe(
        `User: ${userArn('bob')} is not authorized to perform: sts:AssumeRole on resource: ${roleArn(server.connection, 'ROLE')}`,
      );
    }
  });

  test('nothing that needs no permission', async () => {
    expect(await ask({ service: 'sts', operation: 'GetCallerIdentity' }, bob, absent)).toEqual({
      error: 'none',
      message: '',
    });
    expect(await ask({ service: 'sts', operation: 'GetSessionToken' }, bob, absent)).toEqual({
      error: 'none',
      message: '',
    });
  });
});

test('a policy for one action allows that and nothing else', async () => {
  // All of them against each other would take a minute: a few are held against all, the others against ten each, which
  // walk through the list so that every pair of neighbours and every distance comes up.
  for (const [at, call] of guarded.entries()) {
    await setPolicy([{ Effect: 'Allow', Action: actionOf(call), Resource: '*' }]);
    const steps = at % 40 === 0 ? guarded.length - 1 : 10;
    const stride = 1 + (at % 7);
    const others = Array.from({ length: steps }, (_, i) => guarded[(at + (i + 1) * stride) % guarded.length]);
    const asked = [call, ...others].filter((each) => each !== undefined);
    const denied = await Promise.all(asked.map((other) => isDenied(other)));
    const open = asked.filter((_, i) => !denied[i]).map(actionOf);
    expect(new Set(open)).toEqual(new Set([actionOf(call)]));
  }
  await removePolicy();
}, 120_000);

describe('an explicit deny wins', () => {
  const describeCluster: Call = { service: 'eks', operation: 'DescribeCluster' };
  test.each<readonly [string, readonly object[]]>([
    [
      'in the same policy',
      [
        { Effect: 'Allow', Action: '*', Resource: '*' },
        { Effect: 'Deny', Action: 'eks:Describe*', Resource: '*' },
      ],
    ],
    [
      'before the allow',
      [
        { Effect: 'Deny', Action: 'EKS:describecluster', Resource: '*' },
        { Effect: 'Allow', Action: '*', Resource: '*' },
      ],
    ],
    [
      'by NotAction',
      [
        { Effect: 'Allow', Action: '*', Resource: '*' },
        { Effect: 'Deny', NotAction: 'iam:*', Resource: '*' },
      ],
    ],
    [
      'by NotResource',
      [
        { Effect: 'Allow', Action: '*', Resource: '*' },
        { Effect: 'Deny', Action: 'eks:*', NotResource: 'arn:aws:iam::*:user/*' },
      ],
    ],
    [
      'under a condition, which holds or is not understood',
      [
        { Effect: 'Allow', Action: '*', Resource: '*' },
        {
          Effect: 'Deny',
          Action: 'eks:*',
          Resource: '*',
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        },
      ],
    ],
  ])('%s', async (_, statements) => {
    await setPolicy(statements);
    const found = await ask(describeCluster, bob, existing);
    expect(found).toEqual({
      error: 'AccessDeniedException 403',
      message: expect.stringMatching(denial(describeCluster, userArn('bob'), 'explicit')),
    });
    // The same policies allow what is not denied.
    expect((await ask({ service: 'iam', operation: 'ListUsers' }, bob, existing)).error).toBe('none');
    await removePolicy();
  });

  test('in an attached policy over an inline allow', async () => {
    const { Policy } = await root.iam.send(
      new CreatePolicyCommand({
        PolicyName: 'no-eks',
        PolicyDocument: JSON.stringify({
          Version: '2012-10-17',
          Statement: [{ Effect: 'Deny', Action: 'eks:*', Resource: '*' }],
        }),
      }),
    );
    const dan = await createUser(root, 'dan', allowAll('*'));
    expect((await ask(describeCluster, dan, existing)).error).toBe('none');
    await root.iam.send(new AttachUserPolicyCommand({ UserName: 'dan', PolicyArn: Policy?.Arn ?? '' }));
    expect((await ask(describeCluster, dan, existing)).message).toMatch(
      denial(describeCluster, userArn('dan'), 'explicit'),
    );
  });

  test('but not over the account root', async () => {
    expect((await ask(describeCluster, rootKeys(server.connection), existing)).error).toBe('none');
  });
});

describe('an allow does not reach', () => {
  const describeCluster: Call = { service: 'eks', operation: 'DescribeCluster' };
  test.each<readonly [string, object]>([
    [
      'under a condition',
      { Action: '*', Resource: '*', Condition: { Bool: { 'aws:SecureTransport': 'true' } } },
    ],
    ['another cluster', { Action: '*', Resource: 'arn:aws:eks:*:*:cluster/other' }],
    ['a cluster whose name differs by case', { Action: '*', Resource: 'arn:aws:eks:*:*:cluster/Main' }],
    ['a cluster of another account', { Action: '*', Resource: 'arn:aws:eks:*:999999999999:cluster/main' }],
    ['a cluster of another region', { Action: '*', Resource: 'arn:aws:eks:eu-west-1:*:cluster/main' }],
    ['a longer action', { Action: 'eks:DescribeClusterVersions', Resource: '*' }],
    ['the same action of another service', { Action: 'ecs:DescribeCluster', Resource: '*' }],
    ['what is excepted', { NotAction: 'eks:*', Resource: '*' }],
    ['the resource that is excepted', { Action: '*', NotResource: 'arn:aws:eks:*:*:cluster/main' }],
  ])('%s', async (_, statement) => {
    await setPolicy([{ Effect: 'Allow', ...statement }]);
    expect((await ask(describeCluster, bob, existing)).message).toMatch(
      denial(describeCluster, userArn('bob'), 'implicit'),
    );
    await removePolicy();
  });
});

test('the stock SDK shows a role session its denial as EKS words it', async () => {
  const { connection } = server;
  await root.iam.send(
    new PutRolePolicyCommand({
      RoleName: 'member',
      PolicyName: 'list',
      PolicyDocument: allowAll('eks:ListClusters'),
    }),
  );
  const erin = createClients(connection, await createUser(root, 'erin', allowAll('sts:AssumeRole')));
  const session = createClients(
    connection,
    await assumeRole(erin, roleArn(connection, 'member'), 'viewer-test'),
  );
  expect((await session.eks.send(new ListClustersCommand({}))).clusters).toEqual(['main']);
  const cluster = `arn:aws:eks:${connection.region}:${connection.accountId}:cluster/main`;
  await expect(session.eks.send(new DescribeClusterCommand({ name: 'main' }))).rejects.toMatchObject({
    name: 'AccessDeniedException',
    message: `User: arn:aws:sts::${connection.accountId}:assumed-role/member/viewer-test is not authorized to perform: eks:DescribeCluster on resource: ${cluster} because no identity-based policy allows the eks:DescribeCluster action`,
    $metadata: { httpStatusCode: 403 },
  });
  for (const clients of [erin, session]) clients.destroy();
});

async function removePolicy(): Promise<void> {
  await root.iam.send(new DeleteUserPolicyCommand({ UserName: 'bob', PolicyName: 'test' }));
}
