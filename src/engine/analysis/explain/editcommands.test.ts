import { describe, expect, test } from 'vitest';
import { allow, allowUrls } from '../../rbac/allow.ts';
import { testArn, testCluster } from '../testworld.ts';
import { commandOf } from './editcommands.ts';
import type { Edit } from './edits.ts';

const principalArn = testArn('role/ops');
const entry = `--region us-east-1 --cluster-name prod --principal-arn ${principalArn}`;
const policyArn = 'arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy';
const associate = (namespaces: readonly string[]): Edit => ({
  ...{ edit: 'associate', principalArn, policyArn, accessScope: { type: 'namespace', namespaces } },
});
const role = (rule: ReturnType<typeof allow>, name = 'r'): Edit => ({
  ...{ edit: 'createRole', role: { kind: 'ClusterRole', name, labels: {}, rules: [rule] } },
});

describe('what a client would read as more than a name is handed over as a name', () => {
  test.each<readonly [string, Edit, string]>([
    [
      'a user name that the AWS CLI would read as a file',
      { edit: 'createEntry', principalArn, username: 'file:///etc/passwd', kubernetesGroups: ['devs'] },
      `aws eks create-access-entry ${entry} --kubernetes-groups devs --cli-input-json '{"username":"file:///etc/passwd"}'`,
    ],
    [
      'one that it would fetch',
      { edit: 'updateEntry', principalArn, username: 'HTTPS://example.com' },
      `aws eks update-access-entry ${entry} --cli-input-json '{"username":"HTTPS://example.com"}'`,
    ],
    [
      'groups that look like options and JSON',
      { edit: 'updateEntry', principalArn, kubernetesGroups: ['--profile', 'devs'] },
      `aws eks update-access-entry ${entry} --cli-input-json '{"kubernetesGroups":["--profile","devs"]}'`,
    ],
    [
      'no groups at all',
      { edit: 'updateEntry', principalArn, kubernetesGroups: [] },
      `aws eks update-access-entry ${entry} --kubernetes-groups '[]'`,
    ],
    [
      'namespaces of a scope',
      associate(['dev', 'team-*']),
      `aws eks associate-access-policy ${entry} --policy-arn ${policyArn} --access-scope 'type=namespace,namespaces=dev,team-*'`,
    ],
    [
      'a namespace that would make the scope the whole cluster',
      associate(['dev,type=cluster']),
      `aws eks associate-access-policy ${entry} --policy-arn ${policyArn} --access-scope '{"type":"namespace","namespaces":["dev,type=cluster"]}'`,
    ],
    [
      'a role',
      role(allow('get', 'apps', 'deployments/scale')),
      'kubectl create clusterrole r --verb=get --resource=deployments.apps/scale',
    ],
    [
      'a path, which kubectl would part at the comma',
      role(allowUrls('get', '/a,/b')),
      `kubectl apply -f - <<'EOF'\n{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"r"},"rules":[{"nonResourceURLs":["/a,/b"],"verbs":["get"]}]}\nEOF`,
    ],
    [
      'a path',
      role(allowUrls('get', '/metrics')),
      'kubectl create clusterrole r --verb=get --non-resource-url=/metrics',
    ],
    [
      'a role whose name looks like an option',
      {
        ...{
          edit: 'addToRule',
          kind: 'Role',
          namespace: 'dev',
          name: '--server=x',
          rule: 0,
          resources: ['pods'],
        },
        ...{ member: 'verbs', value: 'list' },
      },
      `kubectl patch -n dev --type json -p '[{"op":"test","path":"/rules/0/resources","value":["pods"]},{"op":"add","path":"/rules/0/verbs/-","value":"list"}]' -- role --server=x`,
    ],
  ])('%s', (_, edit, command) => expect(commandOf(edit, testCluster())).toBe(command));

  test.each([
    ['a resource kubectl does not find everywhere', allow('get', 'example.com', 'widgets')],
    ['a resource of an add-on', allow('get', 'metrics.k8s.io', 'pods')],
    ['a verb kubectl has its own mind about', allow('use', 'core', 'pods')],
    ['any verb', allow('*', 'core', 'pods')],
  ])('%s is written as a manifest', (_, rule) =>
    expect(commandOf(role(rule), testCluster())).toMatch(/^kubectl apply -f - <<'EOF'\n\{.*\}\nEOF$/),
  );

  test('so are names that begin with a dash', () => {
    expect(commandOf(role(allow('get', 'core', 'pods'), '-x'), testCluster())).toContain('kubectl apply');
    const binding = { kind: 'ClusterRoleBinding', name: '--as=x', subjects: [] } as const;
    const edit: Edit = { edit: 'bind', binding: { ...binding, roleRef: { kind: 'ClusterRole', name: 'r' } } };
    expect(commandOf(edit, testCluster())).toContain('kubectl apply');
  });
});

test('entries are made after the mode has changed, not while it does', () => {
  expect(commandOf({ edit: 'setMode', mode: 'API_AND_CONFIG_MAP' }, testCluster())).toBe(
    'aws eks update-cluster-config --region us-east-1 --name prod --access-config authenticationMode=API_AND_CONFIG_MAP' +
      ' && aws eks wait cluster-active --region us-east-1 --name prod',
  );
});
