import { randomUUID } from 'node:crypto';
import type { Principal } from '../../engine/iam/principal.ts';
import { createMemoryStorage } from '../../storage/memory/memory.ts';
import type { PrincipalIdRecord, RoleRecord, UserRecord } from '../../storage/records/iam.ts';
import { accountKey, principalIdKey, roleKey, userKey } from '../../storage/records/keys.ts';
import type { Storage } from '../../storage/storage.ts';
import { AwsError } from '../../wire/protocols/errors.ts';
import { writeJsonStructure } from '../../wire/protocols/json.ts';
import { createPageTokens } from '../../wire/protocols/pagetoken.ts';
import { services } from '../../wire/protocols/services.ts';
import { type AuthorizationTarget, arnOf, type OperationContext } from '../operation.ts';
import { testContext } from '../testworld.ts';
import type { AwsPrincipals, EksDeps } from './deps.ts';
import { createEksOperations } from './operations.ts';

/** For tests: the operations over a store in memory, with two accounts and a few principals. */
export interface World {
  readonly storage: Storage;
  /** Second checks that were asked for, in order. */
  readonly asked: AuthorizationTarget[];
  /** Actions that second checks refuse. */
  readonly refused: Set<string>;
  /**
   * Calls an operation as the gateway does after authorization, as root of the first account unless told otherwise.
   * Fails when the answer or the error has something that would be lost on the wire.
   */
  call<Output = unknown>(operation: string, input: object, options?: CallOptions): Promise<Output>;
  /** What the operation is authorized on. */
  target(operation: string, input: object, options?: CallOptions): Promise<AuthorizationTarget | undefined>;
  /** The same without condition keys: the action, ARNs, and what a denial shows. */
  judgedOn(operation: string, input: object, options?: CallOptions): Promise<object>;
  /** Adds a role or user and returns its ARN. */
  add(kind: 'role' | 'user', name: string, options?: PrincipalOptions): Promise<string>;
  remove(kind: 'role' | 'user', name: string): Promise<void>;
  /** A session of a role, or a user, as caller. */
  caller(kind: 'role' | 'user', name: string, principalId: string): Principal;
}

export interface CallOptions {
  readonly caller?: Principal;
  readonly now?: number;
  readonly region?: string;
}

interface PrincipalOptions {
  readonly path?: string;
  readonly principalId?: string;
  readonly accountId?: string;
  /** Of a role; without it nobody is trusted. */
  readonly trustPolicy?: string;
}

export const account = '111122223333';
export const otherAccount = '444455556666';
export const region = 'eu-central-1';
export const aNoon = Date.UTC(2026, 3, 12, 12, 0, 0, 564);

export async function createWorld(
  options: {
    readonly wrap?: (storage: Storage) => Storage;
    readonly awsPrincipals?: AwsPrincipals;
    readonly oidcIssuerAddress?: string;
  } = {},
): Promise<World> {
  const memory = createMemoryStorage();
  const storage = options.wrap?.(memory) ?? memory;
  const asked: AuthorizationTarget[] = [];
  const refused = new Set<string>();
  for (const accountId of [account, otherAccount]) {
    const value = JSON.stringify({ accountId, createdAt: 0, accessKeyIds: [] });
    await memory.commit({ changes: [{ type: 'put', key: accountKey(accountId), value }] });
  }
  const deps: EksDeps = {
    storage,
    random: { uuid: () => randomUUID(), bytes: (length) => new Uint8Array(length) },
    partition: 'aws',
    ...(options.oidcIssuerAddress !== undefined && { oidcIssuerAddress: options.oidcIssuerAddress }),
    pageTokens: createPageTokens(new Uint8Array(32)),
    endpointOf: (cluster) => `https://127.0.0.1:4743/clusters/${cluster.clusterId}`,
    certificateAuthorityData: () => 'UEVN',
    bootstrapChanges: (clusterId) => [
      { type: 'put', key: `object/${clusterId}//namespaces//default`, value: '{}' },
    ],
    async authorize(_context, target) {
      asked.push(target);
      if (refused.has(target.action)) throw new AwsError('AccessDeniedException', `no ${target.action}`);
    },
    ...(options.awsPrincipals && { awsPrincipals: options.awsPrincipals }),
  };
  const operations = createEksOperations(deps);
  let uniqueIds = 0;
  const contextOf = (call: CallOptions = {}): OperationContext => ({
    ...testContext(storage),
    caller: call.caller ?? rootOf(account),
    region: call.region ?? region,
    now: call.now ?? aNoon,
  });

  const operation = (name: string) => {
    const found = operations[name];
    if (found === undefined || found.unsigned) throw new Error(`no operation ${name}`);
    return found;
  };

  return {
    storage,
    asked,
    refused,
    async call(name, input, callOptions) {
      try {
        const output = await operation(name).handle(input, contextOf(callOptions));
        refuseUnmodelledOutput(name, output);
        return output as never;
      } catch (error) {
        if (error instanceof AwsError) refuseUnmodelledError(error);
        throw error;
      }
    },
    target: async (name, input, callOptions) => operation(name).authorization(input, contextOf(callOptions)),
    async judgedOn(name, input, callOptions) {
      const target = await operation(name).authorization(input, contextOf(callOptions));
      const { context: _keys, resources = [], ...rest } = target ?? {};
      return { ...rest, resources: resources.map(arnOf) };
    },
    async add(kind, name, { path = '/', accountId = account, principalId, trustPolicy = '{}' } = {}) {
      const id =
        principalId ?? `${kind === 'role' ? 'AROA' : 'AIDA'}${String(++uniqueIds).padStart(17, '0')}`;
      const shared = {
        accountId,
        name,
        path,
        principalId: id,
        createdAt: 0,
        tags: [],
        inlinePolicies: {},
        attachedPolicyArns: [],
      };
      const record: RoleRecord | UserRecord =
        kind === 'role'
          ? { ...shared, maxSessionDuration: 3600, trustPolicy, trustedPrincipalIds: {} }
          : { ...shared, accessKeyIds: [] };
      const owner: PrincipalIdRecord = { kind, accountId, name };
      const key = kind === 'role' ? roleKey(accountId, name) : userKey(accountId, name);
      await memory.commit({
        changes: [
          { type: 'put', key, value: JSON.stringify(record) },
          { type: 'put', key: principalIdKey(id), value: JSON.stringify(owner) },
        ],
      });
      return `arn:aws:iam::${accountId}:${kind}${path}${name}`;
    },
    async remove(kind, name) {
      const key = kind === 'role' ? roleKey(account, name) : userKey(account, name);
      await memory.commit({ changes: [{ type: 'delete', key }] });
    },
    caller(kind, name, principalId) {
      const shared = {
        accountId: account,
        partition: 'aws',
        principalId,
        accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
      };
      if (kind === 'user') {
        const arn = `arn:aws:iam::${account}:user/${name}`;
        return { ...shared, kind, arn, principalArn: arn, userId: principalId, userName: name };
      }
      return {
        ...shared,
        kind: 'assumedRole',
        arn: `arn:aws:sts::${account}:assumed-role/${name}/s`,
        principalArn: `arn:aws:iam::${account}:role/${name}`,
        userId: `${principalId}:s`,
        roleName: name,
        sessionName: 's',
      };
    },
  };
}

/** The account's root, as caller. */
export function rootOf(accountId: string): Principal {
  const arn = `arn:aws:iam::${accountId}:root`;
  return {
    kind: 'root',
    accountId,
    partition: 'aws',
    arn,
    principalArn: arn,
    userId: accountId,
    principalId: accountId,
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  };
}

/** A cluster whose mode lets access entries be used, without a creator's entry. */
export async function createApiCluster(world: World, name = 'prod'): Promise<void> {
  await world.call('CreateCluster', {
    ...clusterInput(name),
    accessConfig: { authenticationMode: 'API', bootstrapClusterCreatorAdminPermissions: false },
  });
}

export function clusterInput(name: string): {
  readonly name: string;
  readonly roleArn: string;
  readonly resourcesVpcConfig: object;
} {
  return {
    name,
    roleArn: `arn:aws:iam::${account}:role/eks`,
    resourcesVpcConfig: { subnetIds: ['subnet-1'] },
  };
}

/** What a refusal says, as `CODE: MESSAGE`; or `ok`. */
export async function outcomeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'ok';
  } catch (error) {
    if (error instanceof AwsError) return `${error.code}: ${error.message}`;
    throw error;
  }
}

function refuseUnmodelledOutput(name: string, output: unknown): void {
  const structure = services.eks.operation(name)?.output;
  if (structure === undefined || typeof output !== 'object' || output === null) {
    throw new Error(`${name} answers what the contract does not have`);
  }
  const sent = JSON.stringify(writeJsonStructure(structure, output), sortKeys);
  const meant = JSON.stringify(output, sortKeys).replaceAll(/"([0-9-]{10}T[0-9:.]{12}Z)"/g, (_match, time) =>
    String(Date.parse(time) / 1000),
  );
  if (sent !== meant) throw new Error(`the wire changes the answer of ${name}: ${meant} becomes ${sent}`);
}

function refuseUnmodelledError(error: AwsError): void {
  const members = services.eks.error(error.code)?.structure.members.map((member) => member.name);
  const lost = Object.keys(error.fields).filter((field) => !members?.includes(field));
  if (members === undefined || lost.length > 0) {
    throw new Error(`the contract has no ${error.code} with ${lost.join(', ')}`, { cause: error });
  }
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
