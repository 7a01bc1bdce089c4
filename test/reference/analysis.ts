/**
 * The slow, obvious answer to who may: eks-access-facts B15, B17, D8 to D11, G7 to G10 written down as loops over a
 * snapshot. What RBAC and access policies say is asked of `authorizer.ts` beside it, not of the engine.
 */
import type {
  Snapshot,
  SnapshotAccessEntry,
  SnapshotCluster,
} from '../../src/engine/analysis/snapshot/snapshot.ts';
import { attributesOf, type Question } from '../../src/engine/analysis/world/question.ts';
import type { UserInfo } from '../../src/engine/authorizer/attributes.ts';
import { type World, waysTo } from './authorizer.ts';

/** An IAM principal, or an example of those a subject stands for. */
interface Somebody {
  readonly key: string;
  readonly kind: 'role' | 'user' | 'root' | 'federatedUser';
  readonly accountId: string;
  /** With the path. */
  readonly arn: string;
  readonly id: string;
}

/** One of the users a subject can be. */
interface Identity {
  readonly key: string;
  readonly user: UserInfo;
}

/** Who somebody may be in a cluster: everybody, as everything they can be. */
export interface Reference {
  /** Those who may, by their keys as `subjectKey` writes them, each with every way there is. */
  whoMay(question: Question): ReadonlyMap<string, ReadonlySet<string>>;
}

/**
 * `sessions` are the session names that matter, `keys` the ids of access keys; the first of each stands for all others.
 * `{{EC2PrivateDNSName}}` becomes one of the session names, too.
 */
export function createReference(
  snapshot: Snapshot,
  cluster: SnapshotCluster,
  sessions: readonly string[],
  keys: readonly string[],
): Reference {
  const everybody = [...iamIdentities(snapshot, cluster, sessions, keys), ...kubernetesIdentities(cluster)];
  const world: World = {
    partition: snapshot.partition,
    entriesCount: cluster.authenticationMode !== 'CONFIG_MAP',
    now: snapshot.takenAt,
    policies: (
      snapshot.accounts.find(({ accountId }) => accountId === cluster.accountId)?.accessPolicies ?? []
    ).map(({ arn, rules }) => ({ policyArn: arn, rules })),
    entries: cluster.accessEntries.map((entry) => ({
      ...entry,
      principalId: idOfEntry(snapshot, cluster, entry),
    })),
    objects: cluster.rbac,
  };
  return {
    whoMay(question) {
      const may = new Map<string, Set<string>>();
      const waysOf = waysTo(world, attributesOf(question, nobody));
      for (const { key, user } of everybody) {
        for (const way of waysOf(user)) {
          const ways = may.get(key);
          if (ways === undefined) may.set(key, new Set([way.join(' ')]));
          else ways.add(way.join(' '));
        }
      }
      return may;
    },
  };
}

const nobody: UserInfo = { username: '', uid: '', groups: [], extra: {} };

function wasWhollyRead(snapshot: Snapshot, accountId: string): boolean {
  const wasRead = snapshot.accounts.some((account) => account.accountId === accountId);
  const hasGap = snapshot.gaps.some(
    (gap) => gap.area === 'iam' && (gap.accountId === undefined || gap.accountId === accountId),
  );
  return wasRead && !hasGap;
}

/** The few ARNs of a generated snapshot are asked for over and over. */
const pathlessArns = new Map<string, string>();
function pathless(arn: string): string {
  let known = pathlessArns.get(arn);
  if (known === undefined) {
    known = arn.replace(/:role\/.*\//, ':role/').toLowerCase();
    pathlessArns.set(arn, known);
  }
  return known;
}
const nameOf = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1);

/** Users and roles are one of a name, whatever path and case. */
function existing(snapshot: Snapshot, arn: string) {
  const accountId = arn.split(':')[4];
  const kind = arn.split(':')[5]?.split('/')[0]?.toLowerCase();
  const account = snapshot.accounts.find((one) => one.accountId === accountId);
  const all = kind === 'role' ? account?.roles : kind === 'user' ? account?.users : [];
  return all?.find(({ name }) => name.toLowerCase() === nameOf(arn).toLowerCase());
}

const knownIds = new WeakMap<SnapshotAccessEntry, string>();

/** Asked for each principal over and over. */
function idOfEntry(snapshot: Snapshot, cluster: SnapshotCluster, entry: SnapshotAccessEntry): string {
  const id = knownIds.get(entry) ?? findId(snapshot, cluster, entry);
  knownIds.set(entry, id);
  return id;
}

/** B15, and what stands for an id that is not known. */
function findId(snapshot: Snapshot, cluster: SnapshotCluster, entry: SnapshotAccessEntry): string {
  const { principalArn, principalId, createdAt } = entry;
  if (principalArn.includes('*')) return principalId ?? '';
  if (principalId !== undefined && principalId !== '') return principalId;
  if (principalArn.endsWith(':root')) return principalArn.split(':')[4] ?? '';
  const record = existing(snapshot, principalArn);
  if (record === undefined) {
    const namesakes = cluster.accessEntries.filter(
      (other) => pathless(other.principalArn) === pathless(principalArn),
    );
    const { breakGlass } = cluster;
    const isFirst = namesakes.find(({ principalId: id }) => id === undefined || id === '') === entry;
    if (!isFirst) return `one of ${principalArn}`;
    if (breakGlass !== undefined && pathless(breakGlass.principalArn) === pathless(principalArn)) {
      return breakGlass.principalId;
    }
    return namesakes[0] === entry ? `unlisted ${pathless(principalArn)}` : `one of ${principalArn}`;
  }
  if (principalId === '') {
    const same = cluster.accessEntries.filter(
      (other) => pathless(other.principalArn) === pathless(principalArn),
    );
    const isTaken = same.some((other) => {
      return other.principalId !== '' && idOfEntry(snapshot, cluster, other) === record.principalId;
    });
    const waiting = same.filter((other) => other.principalId === '');
    const right =
      waiting.find((other) => other.principalArn.toLowerCase() === record.arn.toLowerCase()) ?? waiting[0];
    const isOne = pathless(record.arn) === pathless(principalArn);
    return isOne && !isTaken && right === entry ? record.principalId : 'nobody';
  }
  if (record.arn.toLowerCase() !== principalArn.toLowerCase()) return 'nobody';
  if (createdAt !== undefined && record.createdAt !== undefined && record.createdAt > createdAt)
    return 'nobody';
  return record.principalId;
}

function iamIdentities(
  snapshot: Snapshot,
  cluster: SnapshotCluster,
  sessions: readonly string[],
  keys: readonly string[],
): Identity[] {
  const identities: Identity[] = [];
  for (const somebody of iamPrincipals(snapshot, cluster)) {
    if (isBlocked(snapshot, somebody)) continue;
    const mapping = mappingOf(snapshot, cluster, somebody);
    if (mapping === undefined) continue;
    const templates = JSON.stringify([mapping.username, mapping.groups]);
    // Most are the same in every session, and with every key.
    const isOpen = /\{\{(SessionName|SessionNameRaw|EC2PrivateDNSName)\}\}/.test(templates);
    const usedSessions = somebody.kind === 'role' ? (isOpen ? sessions : sessions.slice(0, 1)) : [''];
    const usedKeys = templates.includes('{{AccessKeyID}}')
      ? keys.filter((key) => key === keys[0] || mayHold(snapshot, somebody, key))
      : keys.slice(0, 1);
    for (const session of usedSessions) {
      for (const key of usedKeys) {
        if (
          isSessionBlocked(snapshot, somebody, {
            session,
            key: key === keys[0] ? '' : key,
            isNode: templates.includes('EC2PrivateDNSName'),
          })
        )
          continue;
        const user = userOf(mapping, somebody, session, key);
        if (user !== undefined) identities.push({ key: somebody.key, user });
      }
    }
  }
  return identities;
}

/** Whose a session's key was its id does not tell; of long-lived ones the snapshot may have the list. */
function mayHold(
  { accounts }: Snapshot,
  { kind, accountId, id, key: subject }: Somebody,
  key: string,
): boolean {
  if (key.startsWith('ASIA')) return true;
  if (subject.startsWith('iam:account ')) return true;
  const account = accounts.find((one) => one.accountId === accountId);
  if (kind === 'root') return account?.root?.accessKeys !== 0;
  if (kind !== 'user') return false;
  const listed = account?.users.find(({ principalId }) => principalId === id)?.accessKeys;
  return listed?.some(({ accessKeyId, status }) => accessKeyId === key && status === 'Active') ?? true;
}

/** A block of one session or key leaves all others; `key` is '' for one of these, the session `SESSION`. */
function isSessionBlocked(
  { blocks, takenAt }: Snapshot,
  { kind, arn, id }: Somebody,
  { session, key, isNode }: { readonly session: string; readonly key: string; readonly isNode: boolean },
): boolean {
  return blocks.some(({ kind: what, target, until }) => {
    if (until !== undefined && takenAt >= until) return false;
    if (what === 'accessKey') return target === key;
    if (what !== 'session') return false;
    if (kind === 'federatedUser') return target === arn;
    if (kind !== 'role' || session === 'SESSION' || isNode) return false;
    const byArn = `arn:aws:sts::${arn.split(':')[4]}:assumed-role/${nameOf(arn)}/${session}`;
    return target === `${id}:${session}` || target === byArn.toLowerCase();
  });
}

function isBlocked({ blocks, takenAt }: Snapshot, { arn, id }: Somebody): boolean {
  return blocks.some(({ kind, target, until }) => {
    if (until !== undefined && takenAt >= until) return false;
    if (kind === 'principalId') return target === id;
    return kind === 'principalArn' && target === arn.replace(/:(role|user)\/.*\//, ':$1/').toLowerCase();
  });
}

/** Everybody: who was read, who is named, and whom patterns and accounts stand for. */
function iamPrincipals(snapshot: Snapshot, cluster: SnapshotCluster): readonly Somebody[] {
  const found = new Map<string, Somebody>();
  const add = (somebody: Omit<Somebody, 'key'>, key = `iam:${somebody.arn}`): void => {
    if (!found.has(key)) found.set(key, { key, ...somebody });
  };
  for (const { accountId, users, roles } of snapshot.accounts) {
    add({ kind: 'root', accountId, arn: `arn:aws:iam::${accountId}:root`, id: accountId });
    for (const { arn, principalId } of users) add({ kind: 'user', accountId, arn, id: principalId });
    for (const { arn, principalId } of roles) add({ kind: 'role', accountId, arn, id: principalId });
  }
  const named = (arn: string, id: string, isEntry = false): void => {
    const [account = '', type = ''] = [arn.split(':')[4], arn.split(':')[5]?.split('/')[0]];
    if (type === 'root') add({ kind: 'root', accountId: account, arn, id: account });
    else if (type === 'federated-user') {
      add({ kind: 'federatedUser', accountId: account, arn, id: `${account}:${nameOf(arn)}` });
    }
    if (type !== 'role' && type !== 'user') return;
    // Whoever is not there, where all who are there are known, is nobody.
    if (existing(snapshot, arn) !== undefined || wasWhollyRead(snapshot, account)) return;
    const same = [...found.values()].some((other) => pathless(other.arn) === pathless(arn));
    if (same && !isEntry) return;
    add({ kind: type, accountId: account, arn, id });
  };
  const pattern = (arn: string, accountId: string, example: string): void => {
    if (wasWhollyRead(snapshot, accountId)) return;
    add({ kind: 'role', accountId, arn: example, id: `unlisted ${arn}` }, `iam:${arn}`);
  };

  for (const entry of cluster.accessEntries) {
    const { principalArn } = entry;
    const id = idOfEntry(snapshot, cluster, entry);
    const isFormer =
      cluster.breakGlass?.principalArn === principalArn && cluster.breakGlass.principalId !== id;
    // The break-glass principal has the name, or had it: it is the one who may do more.
    if (isFormer) continue;
    if (!principalArn.includes('*')) named(principalArn, id, true);
    else pattern(principalArn, principalArn.split(':')[4] ?? '', exampleOf(principalArn));
  }
  const { breakGlass, hiddenAdminPrincipalId, accountId: own } = cluster;
  if (breakGlass !== undefined && ![...found.values()].some(({ id }) => id === breakGlass.principalId)) {
    named(breakGlass.principalArn, breakGlass.principalId, true);
  }
  const { roles = [], users = [], accounts = [] } = cluster.awsAuth ?? {};
  const proper = (arn: string): string => arn.replace(/^[^/]*/, (start) => start.toLowerCase());
  for (const { rolearn, sso } of roles) {
    if (rolearn !== undefined) named(proper(rolearn), `unlisted ${pathless(rolearn)}`);
    if (sso === undefined) continue;
    const start = `arn:aws:iam::${sso.accountID}:role/AWSReservedSSO_${sso.permissionSetName}_`;
    pattern(`${start}${'?'.repeat(16)}`, sso.accountID, `${start}${'0'.repeat(16)}`);
  }
  for (const { userarn } of users) named(proper(userarn), `unlisted ${pathless(userarn)}`);
  for (const accountId of accounts) {
    for (const object of cluster.rbac) {
      if (object.kind === 'ClusterRole' || object.kind === 'Role') continue;
      for (const { kind, name } of object.subjects) {
        if (kind === 'User' && name.split(':')[4] === accountId) named(name, `unlisted ${pathless(name)}`);
      }
    }
    const arn = `arn:aws:iam::${accountId}:root`;
    if (wasWhollyRead(snapshot, accountId)) continue;
    add({ kind: 'user', accountId, arn: arn.replace('root', 'user/ANY-USER'), id: '' }, `iam:account ${arn}`);
  }
  if (hiddenAdminPrincipalId !== undefined) {
    const id = hiddenAdminPrincipalId;
    if (id === own) add({ kind: 'root', accountId: own, arn: `arn:aws:iam::${own}:root`, id });
    // Whoever has the break-glass entry under that id is known by its ARN, there or not.
    else if (
      !wasWhollyRead(snapshot, own) &&
      breakGlass?.principalId !== id &&
      ![...found.values()].some((other) => other.id === id)
    ) {
      const kind = id.startsWith('AIDA') ? 'user' : 'role';
      add({ kind, accountId: own, arn: `arn:aws:iam::${own}:${kind}/${id}`, id });
    }
  }
  return [...found.values()];
}

/** A star of a permission set stands for sixteen hex digits (token-facts 7.1). */
function exampleOf(pattern: string): string {
  return isPermissionSet(pattern) ? pattern.replace('*', '0'.repeat(16)) : pattern.replaceAll('*', '=');
}

const isPermissionSet = (arn: string): boolean => /:role\/AWSReservedSSO_[^*]+_\*$/.test(arn);

/** What maps somebody: templates, or names as they are. */
interface Mapping {
  readonly username: string;
  readonly groups: readonly string[];
  /** Of access entries; `awsAuth` for its items. */
  readonly type?: string;
}

/** In the order of the authenticator (D11), the hidden creator between entries by id and by name. */
function mappingOf(snapshot: Snapshot, cluster: SnapshotCluster, who: Somebody): Mapping | undefined {
  const { breakGlass, authenticationMode: mode, accessEntries } = cluster;
  const canonical = who.kind === 'role' ? who.arn.replace(/:role\/.*\//, ':role/') : who.arn;
  const isNamed = ({ principalArn }: SnapshotAccessEntry): boolean =>
    !principalArn.includes('*') && pathless(principalArn) === pathless(canonical);
  const fromEntry = ({ type, username, kubernetesGroups: groups }: SnapshotAccessEntry): Mapping => ({
    ...{ type, username, groups },
  });
  const canBreak = who.kind === 'role' || who.kind === 'user';
  if (canBreak && breakGlass !== undefined && breakGlass.principalId === who.id) {
    if (breakGlass.principalArn.replace(/:role\/.*\//, ':role/') === canonical) {
      return { username: `entryway:break-glass:${who.kind}/${nameOf(who.arn)}`, groups: ['system:masters'] };
    }
  }
  if (mode !== 'CONFIG_MAP') {
    const sameId = accessEntries.filter(
      (entry) => !entry.principalArn.includes('*') && idOfEntry(snapshot, cluster, entry) === who.id,
    );
    if (sameId.length > 0) {
      const entry =
        sameId.find(({ principalArn }) => principalArn.replace(/:role\/.*\//, ':role/') === canonical) ??
        sameId.find(isNamed);
      return entry && fromEntry(entry);
    }
  }
  if (who.id === cluster.hiddenAdminPrincipalId && who.id !== '')
    return { username: 'kubernetes-admin', groups: ['system:masters'] };
  if (mode !== 'CONFIG_MAP' && who.kind === 'role' && !accessEntries.some(isNamed)) {
    const [first] = accessEntries
      .filter(({ principalArn, type, principalId = '' }) => {
        return (
          principalArn.includes('*') &&
          type === 'STANDARD' &&
          principalId === '' &&
          fits(principalArn, canonical)
        );
      })
      .sort(
        (one, other) =>
          Number(isPermissionSet(other.principalArn)) - Number(isPermissionSet(one.principalArn)) ||
          other.principalArn.length - one.principalArn.length ||
          (one.principalArn < other.principalArn ? -1 : 1),
      );
    if (first !== undefined) return fromEntry(first);
  }
  if (mode === 'API' || cluster.awsAuth === undefined) return undefined;
  const { roles, users, accounts } = cluster.awsAuth;
  const isHis = (arn: string | undefined): boolean => arn?.toLowerCase() === canonical.toLowerCase();
  const item =
    roles.findLast(({ rolearn }) => isHis(rolearn)) ??
    (cluster.ssoRoleMatch === true
      ? roles.findLast(
          ({ sso }) =>
            sso !== undefined &&
            fits(`arn:aws:iam::${sso.accountID}:role/AWSReservedSSO_${sso.permissionSetName}_*`, canonical),
        )
      : undefined) ??
    users.findLast(({ userarn }) => isHis(userarn));
  if (item !== undefined) return { type: 'awsAuth', username: item.username, groups: item.groups };
  return accounts.includes(who.accountId) ? { username: canonical, groups: [] } : undefined;
}

/** Who that makes of somebody, in one session with one key. */
function userOf(
  { type, username: nameTemplate, groups: groupTemplates }: Mapping,
  who: Somebody,
  session: string,
  key: string,
): UserInfo | undefined {
  const canonical = who.kind === 'role' ? who.arn.replace(/:role\/.*\//, ':role/') : who.arn;
  const rendered = render(nameTemplate, groupTemplates);
  if (type === 'awsAuth') {
    return rendered?.username.startsWith('entryway:break-glass:') ? undefined : rendered;
  }
  return type === undefined || rendered === undefined ? rendered : checked(type, rendered);

  function info(username: string, groups: readonly string[]): UserInfo {
    return {
      username,
      uid: `aws-iam-authenticator:${who.accountId}:${who.id}`,
      groups: [...groups, 'system:authenticated'],
      extra: { 'sigs.k8s.io/aws-iam-authenticator/principalId': [who.id] },
      principal: { principalId: who.id, canonicalArn: canonical, username },
    };
  }

  function checked(entryType: string, user: UserInfo): UserInfo | undefined {
    const isNode = entryType !== 'STANDARD';
    const ofNodes = ['system:bootstrappers', 'system:nodes', 'system:node-proxier', 'eks:kube-proxy-windows'];
    const isReserved = (name: string): boolean =>
      /^(system|eks|aws|amazon|iam|entryway:break-glass):/.test(name);
    if (isReserved(user.username) && !(isNode && user.username.startsWith('system:node:'))) return undefined;
    const given = user.groups.slice(0, -1);
    return given.some((group) => isReserved(group) && !(isNode && ofNodes.includes(group)))
      ? undefined
      : user;
  }

  function render(username: string, groups: readonly string[]): UserInfo | undefined {
    const all = [username, ...groups].join(' ');
    if (/\{\{(SessionName|SessionNameRaw|EC2PrivateDNSName)\}\}/.test(all) && session === '')
      return undefined;
    // The session of an instance has the instance's id for a name, and nothing else is known of it.
    const isNode = all.includes('{{EC2PrivateDNSName}}');
    const fill = (template: string): string =>
      template
        .replaceAll('{{AccountID}}', who.accountId)
        .replaceAll('{{AccessKeyID}}', key)
        .replaceAll('{{EC2PrivateDNSName}}', session)
        .replace(/\{\{SessionName(Raw)?\}\}/g, isNode ? 'i-0123456789abcdef0' : session);
    return username === '' ? undefined : info(fill(username), groups.map(fill));
  }
}

function fits(pattern: string, canonical: string): boolean {
  const [start = '', ...rest] = pattern.toLowerCase().split('*');
  const text = canonical.toLowerCase();
  if (isPermissionSet(pattern))
    return text.startsWith(start) && /^[0-9a-f]{16}$/.test(text.slice(start.length));
  const literal = (piece: string): string => piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${[start, ...rest].map(literal).join('.*')}$`).test(text);
}

/** Service accounts that are there or bound, users and groups that are bound, and those of everybody. */
function kubernetesIdentities(cluster: SnapshotCluster): readonly Identity[] {
  const identities = new Map<string, UserInfo>();
  const add = (key: string, username: string, groups: readonly string[]): void => {
    identities.set(key, { username, uid: '', groups, extra: {} });
  };
  const addAccount = (namespace: string, name: string): void =>
    add(`ServiceAccount:${namespace}/${name}`, `system:serviceaccount:${namespace}:${name}`, [
      'system:serviceaccounts',
      `system:serviceaccounts:${namespace}`,
      'system:authenticated',
    ]);
  for (const { namespace, name } of cluster.serviceAccounts ?? []) addAccount(namespace, name);
  add('User:system:anonymous', 'system:anonymous', ['system:unauthenticated']);
  for (const group of ['system:masters', 'system:authenticated', 'system:unauthenticated']) {
    add(`Group:${group}`, '', [group]);
  }
  for (const object of cluster.rbac) {
    if (object.kind === 'ClusterRole' || object.kind === 'Role') continue;
    const own = object.kind === 'RoleBinding' ? object.namespace : '';
    for (const { kind, name, namespace } of object.subjects) {
      if (kind === 'Group') add(`Group:${name}`, '', [name]);
      else if (kind === 'ServiceAccount') {
        if (namespace !== '' || own !== '') addAccount(namespace === '' ? own : namespace, name);
      } else if (/^system:serviceaccount:[^:]+:[^:]+$/.test(name)) {
        const [, , inside = '', account = ''] = name.split(':');
        addAccount(inside, account);
      } else if (name !== 'system:anonymous') add(`User:${name}`, name, ['system:authenticated']);
    }
  }
  return [...identities].map(([key, user]) => ({ key, user }));
}
