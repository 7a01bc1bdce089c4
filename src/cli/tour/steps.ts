import { policyDocument, trustPolicy } from '../../clients/policydocuments.ts';
import type { ServiceName } from '../../wire/protocols/services.ts';
import type { SigningCredentials } from '../../wire/sigv4/sign.ts';

/** What the steps can do; every call really happens, over the wire, as the named identity. */
export interface Guide {
  readonly accountId: string;
  chapter(title: string, ...explanation: readonly string[]): void;
  learn(identity: string, credentials: SigningCredentials): void;
  /** Undefined when the service refused; the refusal has been printed. */
  aws<Output>(
    identity: string,
    command: string,
    service: ServiceName,
    operation: string,
    input: Readonly<Record<string, unknown>>,
    show?: (output: Output) => unknown,
  ): Promise<Output | undefined>;
  kubectl(
    identity: string,
    clusterEndpoint: string,
    clusterName: string,
    command: string,
    call: { readonly method: string; readonly path: string; readonly body?: unknown },
    show: (body: unknown) => string,
  ): Promise<void>;
}

interface Credentials {
  readonly AccessKeyId: string;
  readonly SecretAccessKey: string;
  readonly SessionToken?: string;
}

const cluster = 'tour';

export async function tourSteps(guide: Guide): Promise<void> {
  const { accountId } = guide;
  const developerArn = `arn:aws:iam::${accountId}:role/developer`;

  guide.chapter('A cluster', 'Root is the account itself. It may do everything on the AWS side.');
  await guide.aws('root', 'aws sts get-caller-identity', 'sts', 'GetCallerIdentity', {});
  await guide.aws(
    'root',
    `aws iam create-role --role-name cluster --assume-role-policy-document '${trustPolicy({ Service: 'eks.amazonaws.com' })}'`,
    'iam',
    'CreateRole',
    { RoleName: 'cluster', AssumeRolePolicyDocument: trustPolicy({ Service: 'eks.amazonaws.com' }) },
    (output: { Role: { Arn: string } }) => ({ Role: { Arn: output.Role.Arn } }),
  );
  const created = await guide.aws(
    'root',
    `aws eks create-cluster --name ${cluster} --role-arn arn:aws:iam::${accountId}:role/cluster --resources-vpc-config {} --access-config authenticationMode=API_AND_CONFIG_MAP`,
    'eks',
    'CreateCluster',
    {
      name: cluster,
      roleArn: `arn:aws:iam::${accountId}:role/cluster`,
      resourcesVpcConfig: {},
      accessConfig: { authenticationMode: 'API_AND_CONFIG_MAP' },
    },
    (output: { cluster: { arn: string; status: string } }) => ({
      cluster: { arn: output.cluster.arn, status: output.cluster.status },
    }),
  );
  const described = await guide.aws<{ cluster: { endpoint: string } }>(
    'root',
    `aws eks describe-cluster --name ${cluster} --query cluster.endpoint`,
    'eks',
    'DescribeCluster',
    { name: cluster },
    (output) => output.cluster.endpoint,
  );
  if (created === undefined || described === undefined) return;
  const endpoint = described.cluster.endpoint;
  const kubectl = (
    identity: string,
    command: string,
    call: { readonly method: string; readonly path: string; readonly body?: unknown },
    show: (body: unknown) => string = summary,
  ): Promise<void> => guide.kubectl(identity, endpoint, cluster, command, call, show);

  guide.chapter(
    'An IAM identity without access',
    'Alice may assume the role developer. IAM knows the role; the cluster does not.',
  );
  await createUser(guide, 'alice', policyDocument(['sts:AssumeRole'], developerArn));
  await createDeveloper(guide);
  await assumeDeveloper(guide);
  await kubectl('developer', 'kubectl get pods -n team-a', get('/api/v1/namespaces/team-a/pods'));

  guide.chapter(
    'An access entry and an access policy',
    'The entry makes the role known. The policy allows, here in one namespace only.',
  );
  for (const namespace of ['team-a', 'team-b']) {
    await kubectl(
      'root',
      `kubectl create namespace ${namespace}`,
      post('/api/v1/namespaces', {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: namespace },
      }),
    );
  }
  const target = { clusterName: cluster, principalArn: developerArn };
  await guide.aws(
    'root',
    `aws eks create-access-entry --cluster-name ${cluster} --principal-arn ${developerArn}`,
    'eks',
    'CreateAccessEntry',
    target,
    (output: { accessEntry: { username: string; type: string } }) => ({
      accessEntry: { username: output.accessEntry.username, type: output.accessEntry.type },
    }),
  );
  await kubectl('developer', 'kubectl get pods -n team-a', get('/api/v1/namespaces/team-a/pods'));
  const policyArn = 'arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy';
  await guide.aws(
    'root',
    `aws eks associate-access-policy --cluster-name ${cluster} --principal-arn ${developerArn} --policy-arn ${policyArn} --access-scope type=namespace,namespaces=team-a`,
    'eks',
    'AssociateAccessPolicy',
    { ...target, policyArn, accessScope: { type: 'namespace', namespaces: ['team-a'] } },
    (output: { associatedAccessPolicy: { accessScope: unknown } }) =>
      output.associatedAccessPolicy.accessScope,
  );
  await kubectl(
    'developer',
    'kubectl create configmap settings -n team-a --from-literal=a=1',
    post('/api/v1/namespaces/team-a/configmaps', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'settings' },
      data: { a: '1' },
    }),
  );
  await kubectl('developer', 'kubectl get configmaps -n team-a', get('/api/v1/namespaces/team-a/configmaps'));
  await kubectl('developer', 'kubectl get configmaps -n team-b', get('/api/v1/namespaces/team-b/configmaps'));

  guide.chapter('The older way', 'A ClusterRole, a binding, and a user mapped in the aws-auth ConfigMap.');
  await createUser(guide, 'legacy', policyDocument(['eks:DescribeCluster']));
  await kubectl('legacy', 'kubectl get nodes', get('/api/v1/nodes'));
  await kubectl(
    'root',
    'kubectl create clusterrole node-reader --verb=get,list --resource=nodes',
    post('/apis/rbac.authorization.k8s.io/v1/clusterroles', {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'node-reader' },
      rules: [{ apiGroups: [''], resources: ['nodes'], verbs: ['get', 'list'] }],
    }),
  );
  await kubectl(
    'root',
    'kubectl create clusterrolebinding node-readers --clusterrole=node-reader --group=readers',
    post('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'node-readers' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'node-reader' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'readers' }],
    }),
  );
  await kubectl(
    'root',
    'kubectl apply -f aws-auth.yaml',
    post('/api/v1/namespaces/kube-system/configmaps', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'aws-auth', namespace: 'kube-system' },
      data: {
        mapUsers: `- userarn: arn:aws:iam::${accountId}:user/legacy\n  username: legacy\n  groups: [readers]\n`,
      },
    }),
  );
  await kubectl('legacy', 'kubectl get nodes', get('/api/v1/nodes'));
  await kubectl('legacy', 'kubectl get secrets -A', get('/api/v1/secrets'));

  guide.chapter(
    'A role made anew is another role',
    'An entry is pinned to the role’s unique id. The same name later does not inherit the access.',
  );
  await guide.aws(
    'root',
    'aws iam delete-role --role-name developer',
    'iam',
    'DeleteRole',
    { RoleName: 'developer' },
    () => undefined,
  );
  await createDeveloper(guide);
  await assumeDeveloper(guide);
  await kubectl('developer', 'kubectl get configmaps -n team-a', get('/api/v1/namespaces/team-a/configmaps'));
}

async function createUser(guide: Guide, name: string, policy: string): Promise<void> {
  await guide.aws(
    'root',
    `aws iam create-user --user-name ${name}`,
    'iam',
    'CreateUser',
    { UserName: name },
    (output: { User: { Arn: string } }) => output.User.Arn,
  );
  await guide.aws(
    'root',
    `aws iam put-user-policy --user-name ${name} --policy-name tour --policy-document '${policy}'`,
    'iam',
    'PutUserPolicy',
    { UserName: name, PolicyName: 'tour', PolicyDocument: policy },
    () => undefined,
  );
  const output = await guide.aws<{ AccessKey: Credentials }>(
    'root',
    `aws iam create-access-key --user-name ${name}`,
    'iam',
    'CreateAccessKey',
    { UserName: name },
    ({ AccessKey }) => ({ AccessKeyId: AccessKey.AccessKeyId, SecretAccessKey: '(shown once)' }),
  );
  if (output !== undefined) guide.learn(name, signing(output.AccessKey));
}

async function createDeveloper(guide: Guide): Promise<void> {
  const trust = trustPolicy({ AWS: `arn:aws:iam::${guide.accountId}:root` });
  await guide.aws(
    'root',
    `aws iam create-role --role-name developer --assume-role-policy-document '${trust}'`,
    'iam',
    'CreateRole',
    { RoleName: 'developer', AssumeRolePolicyDocument: trust },
    (output: { Role: { Arn: string; RoleId: string } }) => ({
      Arn: output.Role.Arn,
      RoleId: output.Role.RoleId,
    }),
  );
}

async function assumeDeveloper(guide: Guide): Promise<void> {
  const roleArn = `arn:aws:iam::${guide.accountId}:role/developer`;
  const output = await guide.aws<{ Credentials: Credentials; AssumedRoleUser: { Arn: string } }>(
    'alice',
    `aws sts assume-role --role-arn ${roleArn} --role-session-name alice`,
    'sts',
    'AssumeRole',
    { RoleArn: roleArn, RoleSessionName: 'alice' },
    ({ AssumedRoleUser }) => AssumedRoleUser.Arn,
  );
  if (output !== undefined) guide.learn('developer', signing(output.Credentials));
}

function signing({ AccessKeyId, SecretAccessKey, SessionToken }: Credentials): SigningCredentials {
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    ...(SessionToken === undefined ? {} : { sessionToken: SessionToken }),
  };
}

function get(path: string): { readonly method: string; readonly path: string } {
  return { method: 'GET', path };
}

function post(
  path: string,
  body: unknown,
): { readonly method: string; readonly path: string; readonly body: unknown } {
  return { method: 'POST', path, body };
}

/** What kubectl would print, shortened: created objects by name, lists by their items' names. */
function summary(body: unknown): string {
  const object = body as {
    kind?: string;
    metadata?: { name?: string };
    items?: { metadata: { name: string } }[];
  };
  if (object.items === undefined) return `${object.kind?.toLowerCase()}/${object.metadata?.name} created`;
  if (object.items.length === 0) return 'No resources found.';
  return object.items.map((item) => item.metadata.name).join('\n');
}
