/** What most of these tests start from: a server process, its root, and roles and users that can enter its clusters. */
import {
  AssociateAccessPolicyCommand,
  CreateAccessEntryCommand,
  DeleteAccessEntryCommand,
} from '@aws-sdk/client-eks';
import { CreateRoleCommand, DeleteRoleCommand } from '@aws-sdk/client-iam';
import { clusterAddress, type KubernetesUser, openKubernetesUser } from './kubernetes.ts';
import {
  type Connection,
  type Keys,
  type ServerProcess,
  startServerProcess,
  temporaryDirectory,
} from './process.ts';
import {
  allowAll,
  assumeRole,
  type Clients,
  createClients,
  createUser,
  roleArn,
  rootKeys,
  trust,
} from './world.ts';

export interface Scene {
  readonly directory: string;
  readonly server: ServerProcess;
  readonly connection: Connection;
  readonly root: Clients;
  /** Clients that are closed with the scene. */
  as(keys: Keys): Clients;
  /** A role that everybody in the account with `sts:AssumeRole` may assume; answers its ARN. */
  role(name: string, path?: string): Promise<string>;
  deleteRole(name: string): Promise<void>;
  /** A session of that role, entered by a user who may assume every role. */
  session(name: string, sessionName?: string): Promise<Keys>;
  /** These keys in that cluster. */
  enter(cluster: string, keys: Keys): Promise<KubernetesUser>;
  close(): Promise<void>;
}

export async function openScene(args: readonly string[] = []): Promise<Scene> {
  const directory = temporaryDirectory();
  const server = await startServerProcess(directory.path, args);
  const { connection } = server;
  const opened: Clients[] = [];
  const as = (keys: Keys): Clients => {
    const clients = createClients(connection, keys);
    opened.push(clients);
    return clients;
  };
  const root = as(rootKeys(connection));
  const caller = as(await createUser(root, 'caller', allowAll('sts:AssumeRole')));
  return {
    directory: directory.path,
    server,
    connection,
    root,
    as,
    async role(name, path = '/') {
      const { Role } = await root.iam.send(
        new CreateRoleCommand({
          RoleName: name,
          Path: path,
          AssumeRolePolicyDocument: trust({ AWS: `arn:aws:iam::${connection.accountId}:root` }),
        }),
      );
      return Role?.Arn ?? '';
    },
    async deleteRole(RoleName) {
      await root.iam.send(new DeleteRoleCommand({ RoleName }));
    },
    session: (name, sessionName) => assumeRole(caller, roleArn(connection, name), sessionName),
    async enter(cluster, keys) {
      return openKubernetesUser(directory.path, connection, await clusterAddress(root, cluster), keys);
    },
    async close() {
      for (const clients of opened) clients.destroy();
      await server.stop();
      directory.remove();
    },
  };
}

/** `AmazonEKSViewPolicy` and the like. */
export function policyArn(name: string): string {
  return `arn:aws:eks::aws:cluster-access-policy/${name}`;
}

export async function createEntry(
  { eks }: Clients,
  clusterName: string,
  principalArn: string,
  wish: { readonly kubernetesGroups?: string[]; readonly username?: string } = {},
): Promise<void> {
  await eks.send(new CreateAccessEntryCommand({ clusterName, principalArn, ...wish }));
}

export async function deleteEntry(
  { eks }: Clients,
  clusterName: string,
  principalArn: string,
): Promise<void> {
  await eks.send(new DeleteAccessEntryCommand({ clusterName, principalArn }));
}

/** With the whole cluster as scope when no namespaces are given. */
export async function associate(
  { eks }: Clients,
  clusterName: string,
  principalArn: string,
  policy: string,
  ...namespaces: string[]
): Promise<void> {
  await eks.send(
    new AssociateAccessPolicyCommand({
      clusterName,
      principalArn,
      policyArn: policyArn(policy),
      accessScope: namespaces.length === 0 ? { type: 'cluster' } : { type: 'namespace', namespaces },
    }),
  );
}
