import { parseArn } from '../../arn/arn.ts';
import { conditionSeconds, conditionTime, globalRegion, isCallOfIam } from '../../iam/calls.ts';
import { contextKey } from '../../iam/request.ts';
import type { SnapshotAccessEntry, SnapshotCluster } from '../snapshot/snapshot.ts';
import type { Principals } from '../world/principals.ts';
import type { IamSubject } from '../world/subject.ts';
import type { RoleSession } from './answer.ts';
import { type KnownKeys, openValue } from './opencontext.ts';

type Values = Map<string, string | readonly string[]>;

const principalTags = 'aws:principaltag/';
const resourceTags = ['aws:resourcetag/', 'iam:resourcetag/'];
const absent: readonly string[] = [];

/** What every request of the moment has. */
export function momentKeys(now: number): KnownKeys {
  return {
    values: new Map([
      ['aws:currenttime', conditionTime(now)],
      ['aws:epochtime', conditionSeconds(now)],
    ]),
    closed: [],
  };
}

const noService = [
  ['aws:principalisawsservice', 'false'],
  ['aws:principalservicename', absent],
  ['aws:principalservicenameslist', absent],
] as const;

/** Of whoever a provider vouches for (iam-facts F.3), or of a service itself. */
export function outsiderKeys(kind: 'federated' | 'service', name: string): KnownKeys {
  const anonymous = 'anonymous';
  const values: Values =
    kind === 'federated'
      ? new Map<string, string | readonly string[]>([
          ...noService,
          ['aws:principaltype', 'Anonymous'],
          ['aws:userid', anonymous],
          ['aws:principalaccount', anonymous],
          ['aws:multifactorauthpresent', 'false'],
        ])
      : new Map([
          ['aws:principalisawsservice', 'true'],
          ['aws:principalservicename', name],
        ]);
  return { values, closed: [principalTags] };
}

/**
 * What is known of the principal (iam-facts F.2, F.3). `tagsAreKnown` is false where a session can bring tags of its own,
 * which beat those of the role (iam-facts I7). A role's session never carries MFA on (F3.2); a user's may have it or not.
 */
export function principalKeys(
  subject: IamSubject,
  userId: string | undefined,
  tags: Readonly<Record<string, string>> | undefined,
): KnownKeys {
  const { type, arn, accountId } = subject;
  const values: Values = new Map<string, string | readonly string[]>(noService);
  // Of anybody of any account nothing else is known.
  if (accountId !== '*') values.set('aws:principalaccount', accountId);
  const ownTags = Object.entries(tags ?? {}).map(
    ([key, value]) => [contextKey(`aws:PrincipalTag/${key}`), value] as const,
  );
  for (const [key, value] of ownTags) values.set(key, value);
  const closed = tags === undefined ? [] : [principalTags];
  if (type === 'account' || type === 'rolePattern') {
    if (type === 'rolePattern') values.set('aws:principaltype', 'AssumedRole');
    return { values, closed };
  }
  values.set('aws:principalarn', arn);
  if (userId !== undefined) values.set('aws:userid', userId);
  if (type === 'role') {
    values.set('aws:principaltype', 'AssumedRole');
    values.set('aws:username', absent);
    values.set('aws:multifactorauthpresent', 'false');
    values.set('aws:multifactorauthage', absent);
    return { values, closed };
  }
  if (type === 'federatedUser') {
    values.set('aws:principaltype', 'FederatedUser');
    return { values, closed };
  }
  values.set('aws:principaltype', type === 'root' ? 'Account' : 'User');
  values.set('aws:username', type === 'root' ? absent : arn.slice(arn.lastIndexOf('/') + 1));
  values.set('aws:federatedprovider', absent);
  values.set('aws:sourceidentity', absent);
  return { values, closed };
}

/** What is known of one session of a role, whose own tags may not be known (iam-facts F.2, I7). */
export function sessionKeys(
  roleTags: Readonly<Record<string, string>> | undefined,
  { tags, provider }: RoleSession,
): KnownKeys {
  const values: Values = new Map<string, string | readonly string[]>([
    ['aws:federatedprovider', provider ?? absent],
    ['aws:sourceidentity', absent],
  ]);
  for (const [key, value] of [...Object.entries(roleTags ?? {}), ...Object.entries(tags)]) {
    values.set(contextKey(principalTags + key), value);
  }
  return { values, closed: roleTags === undefined ? [] : [principalTags] };
}

/** What a session's tags, which it would pass on, stand for where it asks for a role (iam-facts F4.6). */
export function inheritedKeys({ tags }: RoleSession): KnownKeys {
  const values: Values = new Map();
  for (const family of resourceTags) {
    for (const [key, value] of Object.entries(tags)) values.set(contextKey(family + key), value);
  }
  return { values, closed: [] };
}

/** A call that asks for a role may carry an MFA code of its own, whoever makes it. */
export const roleSessionKeys: KnownKeys = {
  values: new Map([
    ['aws:multifactorauthpresent', openValue],
    ['aws:multifactorauthage', openValue],
  ]),
  closed: [],
};

/** What a request says of itself because of its action and resource: where it is made, and whose the resource is. */
export function requestKeys(
  action: string,
  resource: string,
  { partition, owner }: { readonly partition: string; readonly owner: string },
): KnownKeys {
  const values: Values = new Map();
  const service = action.slice(0, action.indexOf(':')).toLowerCase();
  if (/^[0-9]{12}$/.test(owner)) values.set('aws:resourceaccount', owner);
  const region = parseArn(resource)?.region ?? '';
  if (isCallOfIam(action)) {
    values.set('aws:requestedregion', globalRegion(partition));
  } else if ((service === 'eks' || service === 'entryway') && region !== '') {
    values.set('aws:requestedregion', region);
  }
  return { values, closed: [] };
}

/** The tags of a user or role; nothing where AWS does not tell them: whoever passes a role is not told its tags. */
export function iamResourceKeys(
  action: string,
  resource: string,
  principals: Principals,
): KnownKeys | undefined {
  if (action.toLowerCase() === 'iam:passrole') return undefined;
  const known = principals.named(resource);
  if (known === undefined || known.record.arn !== resource) return undefined;
  return taggedKeys(new Map(), known.record.tags, resourceTags);
}

/** Finds the entries of clusters by the parts of their ARN. */
export type FindEntry = (
  clusterArn: string,
  principal: { readonly kind: string; readonly accountId: string; readonly name: string },
) => SnapshotAccessEntry | undefined;

/** What is known of a cluster, and of an entry of it by `arn:…:access-entry/CLUSTER/KIND/ACCOUNT/NAME/ID` (eks-access-facts E2). */
export function eksResourceKeys(
  resource: string,
  clusters: ReadonlyMap<string, SnapshotCluster>,
  findEntry: FindEntry,
): KnownKeys | undefined {
  const own = clusters.get(resource);
  if (own !== undefined) return own.tags && taggedKeys(new Map(), own.tags, ['aws:resourcetag/']);
  const { partition, region, accountId, resource: path } = parseArn(resource) ?? {};
  const [what, clusterName, kind = '', account = '', name = ''] = path?.split('/') ?? [];
  if (what !== 'access-entry' || clusterName === undefined) return undefined;
  const values: Values = new Map([['eks:clustername', clusterName]]);
  const clusterArn = `arn:${partition}:eks:${region}:${accountId}:cluster/${clusterName}`;
  const entry = findEntry(clusterArn, { kind, accountId: account, name });
  if (entry === undefined) return { values, closed: [] };
  addEntryKeys(values, entry);
  if (entry.tags === undefined) return { values, closed: [] };
  return taggedKeys(values, entry.tags, ['aws:resourcetag/']);
}

function addEntryKeys(
  values: Values,
  { principalArn, type, username, kubernetesGroups }: SnapshotAccessEntry,
): void {
  values.set('eks:principalarn', principalArn);
  values.set('eks:accessentrytype', type);
  values.set('eks:username', username);
  values.set('eks:kubernetesgroups', kubernetesGroups);
}

function taggedKeys(
  values: Values,
  tags: Readonly<Record<string, string>>,
  families: readonly string[],
): KnownKeys {
  for (const [key, value] of Object.entries(tags)) {
    for (const family of families) values.set(contextKey(family + key), value);
  }
  return { values, closed: families };
}
