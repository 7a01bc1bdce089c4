/** Issue "the main job": the EKS documentation's own commands, typed by a script into the stock AWS CLI and kubectl. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { awsCliUnavailable, kubectlVersions } from './clients.ts';
import {
  openShell,
  type ServerProcess,
  type Shell,
  startServerProcess,
  temporaryDirectory,
} from './process.ts';
import { allowAll, assumeRole, createClients, createUser, roleArn, rootKeys, trust } from './world.ts';

const unavailable = awsCliUnavailable();
const because = unavailable === undefined ? '' : ` (not run: ${unavailable})`;

describe.skipIf(unavailable !== undefined)(
  `the AWS CLI and kubectl, as the EKS documentation says${because}`,
  () => {
    const directory = temporaryDirectory();
    let server: ServerProcess;
    let root: Shell;

    beforeAll(async () => {
      server = await startServerProcess(directory.path);
      root = openShell(directory.path, server.connection, rootKeys(server.connection));
    }, 120_000);

    afterAll(async () => {
      await server?.stop();
      directory.remove();
    });

    test('a role gets into a cluster by an access entry, and into one namespace by an access policy', async () => {
      const { connection } = server;
      const developerArn = roleArn(connection, 'developer');
      const clusterRole = trust({ Service: 'eks.amazonaws.com' });
      const trustAccount = trust({ AWS: `arn:aws:iam::${connection.accountId}:root` });

      expect(await root.awsJson('sts', 'get-caller-identity')).toEqual({
        UserId: connection.accountId,
        Account: connection.accountId,
        Arn: `arn:aws:iam::${connection.accountId}:root`,
      });
      await root.awsJson(
        'iam',
        'create-role',
        '--role-name',
        'cluster',
        '--assume-role-policy-document',
        clusterRole,
      );
      await root.awsJson(
        ...['eks', 'create-cluster', '--name', 'main', '--role-arn', roleArn(connection, 'cluster')],
        ...['--resources-vpc-config', '{}', '--access-config', 'authenticationMode=API'],
      );
      expect((await root.aws('eks', 'wait', 'cluster-active', '--name', 'main')).code).toBe(0);

      await root.awsJson(
        'iam',
        'create-role',
        '--role-name',
        'developer',
        '--assume-role-policy-document',
        trustAccount,
      );
      await root.awsJson(
        ...['iam', 'put-role-policy', '--role-name', 'developer', '--policy-name', 'eks'],
        ...['--policy-document', allowAll('eks:DescribeCluster')],
      );
      const { accessEntry } = await root.awsJson<{ accessEntry: Record<string, unknown> }>(
        ...['eks', 'create-access-entry', '--cluster-name', 'main', '--principal-arn', developerArn],
      );
      expect(accessEntry).toMatchObject({
        clusterName: 'main',
        principalArn: developerArn,
        kubernetesGroups: [],
        tags: {},
        type: 'STANDARD',
        username: `arn:aws:sts::${connection.accountId}:assumed-role/developer/{{SessionName}}`,
      });
      const { associatedAccessPolicy } = await root.awsJson<{
        associatedAccessPolicy: Record<string, unknown>;
      }>(
        ...['eks', 'associate-access-policy', '--cluster-name', 'main', '--principal-arn', developerArn],
        ...['--policy-arn', 'arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy'],
        ...['--access-scope', 'type=namespace,namespaces=team-a'],
      );
      expect(associatedAccessPolicy).toMatchObject({
        accessScope: { type: 'namespace', namespaces: ['team-a'] },
      });

      const updated = await root.aws('eks', 'update-kubeconfig', '--name', 'main');
      expect(updated.stdout).toMatch(/^Added new context arn:aws:eks:us-east-1:\d{12}:cluster\/main to /);
      for (const namespace of ['team-a', 'team-b']) {
        expect(await root.kubectl('create', 'namespace', namespace)).toMatchObject({ code: 0 });
      }

      const clients = createClients(connection, rootKeys(connection));
      const alice = createClients(connection, await createUser(clients, 'alice', allowAll('sts:AssumeRole')));
      const session = await assumeRole(alice, developerArn, 'alice');
      for (const version of kubectlVersions) {
        const developer = openShell(directory.path, connection, session, { kubectl: version });
        expect((await developer.aws('eks', 'update-kubeconfig', '--name', 'main')).code).toBe(0);
        expect(await developer.kubectl('get', 'pods', '-n', 'team-a')).toEqual({
          code: 0,
          stdout: '',
          stderr: 'No resources found in team-a namespace.\n',
        });
        expect(
          await developer.kubectl(
            'create',
            'configmap',
            `from-${version}`,
            '-n',
            'team-a',
            '--from-literal=a=1',
          ),
        ).toMatchObject({ code: 0, stdout: `configmap/from-${version} created\n` });
        expect(await developer.kubectl('get', 'pods', '-n', 'team-b')).toEqual({
          code: 1,
          stdout: '',
          stderr: `Error from server (Forbidden): pods is forbidden: User "arn:aws:sts::${connection.accountId}:assumed-role/developer/alice" cannot list resource "pods" in API group "" in the namespace "team-b"\n`,
        });
        expect(await developer.kubectl('auth', 'can-i', 'delete', 'nodes')).toMatchObject({
          code: 1,
          stdout: 'no\n',
        });
      }
      alice.destroy();
      clients.destroy();
    }, 180_000);

    test('the older way: a ClusterRole, a binding and mapUsers in aws-auth', async () => {
      const { connection } = server;
      await root.awsJson(
        ...['eks', 'create-cluster', '--name', 'older', '--role-arn', roleArn(connection, 'cluster')],
        ...['--resources-vpc-config', '{}'],
      );
      expect((await root.aws('eks', 'update-kubeconfig', '--name', 'older')).code).toBe(0);
      const clients = createClients(connection, rootKeys(connection));
      const keys = await createUser(clients, 'bob', allowAll('eks:DescribeCluster'));
      clients.destroy();
      const bob = openShell(directory.path, connection, keys);
      expect((await bob.aws('eks', 'update-kubeconfig', '--name', 'older')).code).toBe(0);
      expect((await bob.kubectl('get', 'nodes')).stderr).toContain('You must be logged in to the server');

      const done = [
        await root.kubectl('create', 'clusterrole', 'node-reader', '--verb=get,list', '--resource=nodes'),
        await root.kubectl(
          'create',
          'clusterrolebinding',
          'readers',
          '--clusterrole=node-reader',
          '--group=readers',
        ),
        await root.kubectlWithInput(
          [
            'apiVersion: v1',
            'kind: ConfigMap',
            'metadata: {name: aws-auth, namespace: kube-system}',
            'data:',
            '  mapUsers: |',
            `    - userarn: arn:aws:iam::${connection.accountId}:user/bob`,
            '      username: bob',
            '      groups: [readers]',
          ].join('\n'),
          'apply',
          '-f',
          '-',
        ),
      ];
      expect(done.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
        done.map(() => ({ code: 0, stderr: '' })),
      );

      expect(await bob.kubectl('get', 'nodes')).toMatchObject({ code: 0, stderr: 'No resources found\n' });
      expect((await bob.kubectl('get', 'secrets', '-A')).stderr).toContain(
        'secrets is forbidden: User "bob" cannot list resource "secrets" in API group "" at the cluster scope',
      );
      expect((await bob.kubectl('auth', 'whoami', '-o', 'json')).stdout).toContain('"username": "bob"');
    }, 180_000);
  },
);
