import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { getTokenArgs, kubeconfigFor } from './kubeconfig.ts';

const clusterArn = 'arn:aws:eks:us-east-1:111122223333:cluster/prod';
const options = {
  clusterArn,
  endpoint: 'https://127.0.0.1:6443',
  caData: 'TFMwdExTMUNSVWRKVGc9PQ==',
  exec: { command: 'aws', args: getTokenArgs({ region: 'us-east-1', clusterName: 'prod' }), env: {} },
};

test('cluster, context and user are named with the ARN, and the token comes from the CLI (eks-access-facts H7)', () => {
  expect(parse(kubeconfigFor(options))).toEqual({
    apiVersion: 'v1',
    kind: 'Config',
    preferences: {},
    'current-context': clusterArn,
    clusters: [
      {
        name: clusterArn,
        cluster: {
          server: 'https://127.0.0.1:6443',
          'certificate-authority-data': 'TFMwdExTMUNSVWRKVGc9PQ==',
        },
      },
    ],
    contexts: [{ name: clusterArn, context: { cluster: clusterArn, user: clusterArn } }],
    users: [
      {
        name: clusterArn,
        user: {
          exec: {
            apiVersion: 'client.authentication.k8s.io/v1beta1',
            command: 'aws',
            args: ['--region', 'us-east-1', 'eks', 'get-token', '--cluster-name', 'prod', '--output', 'json'],
          },
        },
      },
    ],
  });
});

test('aliases, a role and the environment are carried', () => {
  const roleArn = 'arn:aws:iam::111122223333:role/ops';
  const config = parse(
    kubeconfigFor({
      ...options,
      contextName: 'prod',
      userName: 'ops',
      exec: {
        command: 'aws',
        args: getTokenArgs({ region: 'us-east-1', clusterName: 'prod', roleArn }),
        env: { AWS_PROFILE: 'ops', AWS_ENDPOINT_URL: 'http://127.0.0.1:4566' },
      },
    }),
  ) as { contexts: unknown; users: [{ user: { exec: { args: string[]; env: unknown } } }] };
  expect(config.contexts).toEqual([{ name: 'prod', context: { cluster: clusterArn, user: 'ops' } }]);
  expect(config.users[0].user.exec.args.slice(-2)).toEqual(['--role', roleArn]);
  expect(config.users[0].user.exec.env).toEqual([
    { name: 'AWS_PROFILE', value: 'ops' },
    { name: 'AWS_ENDPOINT_URL', value: 'http://127.0.0.1:4566' },
  ]);
});

test('a value that looks like YAML stays a string', () => {
  const text = kubeconfigFor({ ...options, contextName: 'a: [b]\n- c', caData: 'null' });
  const config = parse(text) as { 'current-context': unknown; clusters: [{ cluster: object }] };
  expect(config['current-context']).toBe('a: [b]\n- c');
  expect(config.clusters[0].cluster).toMatchObject({ 'certificate-authority-data': 'null' });
});
