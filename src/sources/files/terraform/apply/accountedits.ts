import { isDeepStrictEqual } from 'node:util';
import type {
  SnapshotAccount,
  SnapshotGroup,
  SnapshotRole,
  SnapshotUser,
} from '../../../../engine/analysis/snapshot/snapshot.ts';
import { unlistedId } from '../../../../engine/analysis/world/pins.ts';
import { nameIn, principalKey } from '../../assemble/accounts.ts';
import { sameDocument } from '../../assemble/draft.ts';
import type { PlannedEdit } from './changes.ts';
import {
  differing,
  type EditTools,
  type FactOf,
  type Sides,
  type Standing,
  sidesOf,
  tellStanding,
  told,
} from './editing.ts';

type AnyRecord =
  | { readonly kind: 'user'; readonly record: SnapshotUser }
  | { readonly kind: 'role'; readonly record: SnapshotRole }
  | { readonly kind: 'group'; readonly record: SnapshotGroup };

/** A user, role or group while it is edited; what `record` has of these lists does not count. */
interface Principal {
  readonly of: AnyRecord;
  readonly inline: Map<string, string>;
  readonly attached: Set<string>;
  readonly groups: Set<string>;
  readonly keys: Map<string, AccessKey>;
}

type AccessKey = NonNullable<SnapshotUser['accessKeys']>[number];

/** One account on which planned changes are made, one after the other. */
export interface AccountEditor {
  take(edit: PlannedEdit): void;
  finish(): SnapshotAccount;
}

export function createAccountEditor(account: SnapshotAccount, tools: EditTools): AccountEditor {
  const principals = new Map<string, Principal>();
  for (const of of [
    ...account.users.map((record) => ({ kind: 'user', record }) as const),
    ...account.roles.map((record) => ({ kind: 'role', record }) as const),
    ...account.groups.map((record) => ({ kind: 'group', record }) as const),
  ]) {
    principals.set(principalKey(of.kind, of.record.arn), principalOf(of));
  }
  const policies = new Map(account.managedPolicies.map((policy) => [policy.arn, policy]));
  const providers = new Map(account.oidcProviders.map((provider) => [provider.arn, provider]));
  const stand = (edit: PlannedEdit, standing: Standing): void => tellStanding(edit, 'iam', standing, tools);

  const editPrincipal = (edit: PlannedEdit, { before, after }: Sides<'principal'>): void => {
    const fact = after ?? before;
    if (fact === undefined) return;
    const key = principalKey(fact.kind, fact.arn);
    const present = principals.get(key);
    stand(edit, {
      ...{ name: `${fact.kind} \`${nameIn(fact.arn)}\``, isThere: present !== undefined, isAsPlanned: false },
      drift: before && present ? principalDrift(before, present) : [],
    });
    if (after === undefined) {
      principals.delete(key);
      return;
    }
    const of = recordOf(after, before && present?.of, tools.at);
    const changed = present && before ? { ...present, of } : principalOf(of);
    principals.set(key, changed);
    // What is attached by other resources, or by hand, stays: only the difference is the plan's.
    changePolicies(changed, before, after);
    tools.addPlace({ thing: 'iam', arn: after.arn }, edit.place);
  };

  const editPart = (edit: PlannedEdit, { before, after }: Sides<'principal'>): void => {
    const fact = after ?? before;
    if (fact === undefined) return;
    const present = principals.get(principalKey(fact.kind, fact.arn));
    if (present === undefined) {
      const reason = `${fact.kind} \`${nameIn(fact.arn)}\`, of which it changes something, is not there: make the plan again`;
      tools.tell(edit, 'iam', reason);
      return;
    }
    for (const missing of missingOf(before, present)) {
      tools.tell(
        edit,
        'iam',
        `${missing} of ${fact.kind} \`${nameIn(fact.arn)}\`, which it changes, is not there: make the plan again`,
      );
    }
    changePolicies(present, before, after);
  };

  const editPolicy = (edit: PlannedEdit, { before, after }: Sides<'managedPolicy'>): void => {
    const arn = (after ?? before)?.arn ?? '';
    const present = policies.get(arn);
    stand(edit, {
      ...{ name: `policy \`${arn}\``, isThere: present !== undefined },
      drift: before && present && !sameDocument(before.document, present.document) ? ['document'] : [],
      isAsPlanned: sameDocument(after?.document, present?.document),
    });
    if (after === undefined) policies.delete(arn);
    else {
      if (after.document === undefined)
        tools.tell(edit, 'iam', `the document of policy \`${arn}\` is known only after apply`);
      policies.set(arn, { arn, ...(after.document !== undefined && { document: after.document }) });
      tools.addPlace({ thing: 'iam', arn }, edit.place);
    }
  };

  const editProvider = (edit: PlannedEdit, { before, after }: Sides<'oidcProvider'>): void => {
    const arn = (after ?? before)?.arn ?? '';
    const present = providers.get(arn);
    const made = after && { arn, url: after.url, clientIds: after.clientIds ?? [] };
    stand(edit, {
      ...{ name: `OIDC provider \`${arn}\``, isThere: present !== undefined },
      drift: before && present ? differing({ clientIds: before.clientIds }, present) : [],
      isAsPlanned: isDeepStrictEqual(made, present),
    });
    if (made === undefined) providers.delete(arn);
    else providers.set(arn, made);
  };

  return {
    take(edit) {
      const fact = edit.after ?? edit.before;
      switch (fact?.fact) {
        case 'principal':
          return (fact.isPart ? editPart : editPrincipal)(edit, sidesOf(edit, fact.fact));
        case 'managedPolicy':
          return editPolicy(edit, sidesOf(edit, fact.fact));
        case 'oidcProvider':
          return editProvider(edit, sidesOf(edit, fact.fact));
        default:
          return undefined;
      }
    },
    finish() {
      const users: SnapshotUser[] = [];
      const roles: SnapshotRole[] = [];
      const groups: SnapshotGroup[] = [];
      for (const { of, inline, attached, groups: memberOf, keys } of principals.values()) {
        const lists = { inlinePolicies: Object.fromEntries(inline), attachedPolicyArns: [...attached] };
        for (const arn of attached) if (!policies.has(arn)) policies.set(arn, { arn });
        if (of.kind === 'role') roles.push({ ...of.record, ...lists });
        else if (of.kind === 'group') groups.push({ ...of.record, ...lists });
        else {
          const areKeysKnown = of.record.accessKeys !== undefined || keys.size > 0;
          const accessKeys = areKeysKnown ? { accessKeys: [...keys.values()] } : {};
          users.push({ ...of.record, ...lists, groupNames: [...memberOf], ...accessKeys });
        }
      }
      return {
        ...account,
        ...{ users, roles, groups },
        managedPolicies: [...policies.values()],
        oidcProviders: [...providers.values()],
      };
    },
  };
}

function principalOf(of: AnyRecord): Principal {
  const { inlinePolicies, attachedPolicyArns } = of.record;
  const { groupNames = [], accessKeys = [] } = of.kind === 'user' ? of.record : {};
  return {
    of,
    inline: new Map(Object.entries(inlinePolicies)),
    attached: new Set(attachedPolicyArns),
    groups: new Set(groupNames),
    keys: new Map(accessKeys.map((key) => [key.accessKeyId, key])),
  };
}

/** The record as planned, without its lists; `present` is the one that is changed, absent for one that is made. */
function recordOf(fact: FactOf<'principal'>, present: AnyRecord | undefined, at: number): AnyRecord {
  const { kind, arn } = fact;
  const none = { inlinePolicies: {}, attachedPolicyArns: [] };
  if (kind === 'group') {
    const before = present?.kind === kind ? present.record : none;
    return { kind, record: { ...before, arn, name: nameIn(arn) } };
  }
  const { trustPolicy, permissionsBoundaryArn, tags, principalId, createdAt } = fact.told;
  // Made now: whatever was tied to one of this name before is not tied to it (eks-access-facts B15).
  const made = {
    ...{ arn, name: nameIn(arn), principalId: principalId ?? unlistedId(arn), createdAt: createdAt ?? at },
    ...{ tags: {}, ...none },
  };
  const changes = { arn, ...told({ tags, permissionsBoundaryArn }) };
  if (kind === 'user') {
    const before: SnapshotUser =
      present?.kind === kind ? present.record : { ...made, groupNames: [], accessKeys: [] };
    const { permissionsBoundaryArn: _, ...rest } = before;
    return { kind, record: { ...rest, ...changes } };
  }
  const before: SnapshotRole =
    present?.kind === kind ? present.record : { ...made, trustPolicy: trustPolicy ?? '' };
  const { permissionsBoundaryArn: _, trustedPrincipalIds, ...rest } = before;
  const isSameTrust = trustPolicy === undefined || sameDocument(trustPolicy, before.trustPolicy);
  const trust = isSameTrust ? trustedPrincipalIds && { trustedPrincipalIds } : { trustPolicy };
  return { kind, record: { ...rest, ...trust, ...changes } };
}

/** Names of what is not as the plan found it; a source may not tell ids and tags. */
function principalDrift({ told: before }: FactOf<'principal'>, { of }: Principal): readonly string[] {
  if (of.kind === 'group') return [];
  const { permissionsBoundaryArn: boundary } = of.record;
  return [
    ...(before.permissionsBoundaryArn === boundary ? [] : ['permissions boundary']),
    ...(of.kind !== 'role' ||
    before.trustPolicy === undefined ||
    sameDocument(before.trustPolicy, of.record.trustPolicy)
      ? []
      : ['trust policy']),
  ];
}

/** What a plan takes off a principal that has it no more, in words. */
function missingOf(before: FactOf<'principal'> | undefined, present: Principal): readonly string[] {
  const { inlinePolicies = {}, attachedPolicyArns = [], groupNames = [] } = before ?? {};
  return [
    ...Object.entries(inlinePolicies).flatMap(([name, document]) =>
      sameDocument(document, present.inline.get(name)) ? [] : [`policy \`${name}\`, as the plan found it,`],
    ),
    ...attachedPolicyArns.flatMap((arn) => (present.attached.has(arn) ? [] : [`attached policy \`${arn}\``])),
    ...groupNames.flatMap((name) => (present.groups.has(name) ? [] : [`membership in group \`${name}\``])),
  ];
}

/** Takes what only `before` has, and gives what `after` has and `before` had not, or had otherwise. */
function changePolicies(
  { inline, attached, groups, keys }: Principal,
  before: FactOf<'principal'> | undefined,
  after: FactOf<'principal'> | undefined,
): void {
  for (const name of Object.keys(before?.inlinePolicies ?? {})) {
    if (!Object.hasOwn(after?.inlinePolicies ?? {}, name)) inline.delete(name);
  }
  for (const [name, document] of Object.entries(after?.inlinePolicies ?? {})) {
    if (before?.inlinePolicies?.[name] !== document) inline.set(name, document);
  }
  moveSet(attached, before?.attachedPolicyArns ?? [], after?.attachedPolicyArns ?? []);
  moveSet(groups, before?.groupNames ?? [], after?.groupNames ?? []);
  for (const { accessKeyId } of before?.told.accessKeys ?? []) keys.delete(accessKeyId);
  for (const key of after?.told.accessKeys ?? []) keys.set(key.accessKeyId, key);
}

function moveSet(present: Set<string>, before: readonly string[], after: readonly string[]): void {
  const [old, fresh] = [new Set(before), new Set(after)];
  for (const item of old) if (!fresh.has(item)) present.delete(item);
  for (const item of fresh) if (!old.has(item)) present.add(item);
}
