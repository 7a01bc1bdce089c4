import type { PlacedThing } from '../../../engine/analysis/snapshot/places.ts';
import type {
  Gap,
  Place,
  SnapshotAccount,
  SnapshotGroup,
  SnapshotManagedPolicy,
  SnapshotRole,
  SnapshotUser,
} from '../../../engine/analysis/snapshot/snapshot.ts';
import { unlistedId } from '../../../engine/analysis/world/pins.ts';
import { parseArn } from '../../../engine/arn/arn.ts';
import { lowerAscii } from '../../../engine/arn/case.ts';
import type { Fact, IamList, ToldPrincipal } from '../facts.ts';
import { createDraft, createShelf, type Draft, placeText, type ReportGap, sameDocument } from './draft.ts';

type PrincipalFact = Extract<Fact, { readonly fact: 'principal' }>;
type IamFact = Extract<
  Fact,
  { readonly fact: 'principal' | 'managedPolicy' | 'oidcProvider' | 'complete' | 'root' }
>;

interface PrincipalDraft {
  readonly kind: PrincipalFact['kind'];
  readonly arn: string;
  readonly draft: Draft<Required<ToldPrincipal>>;
  readonly inline: Map<string, string>;
  readonly attached: Set<string>;
  readonly groups: Set<string>;
  /** As each document tells them: Terraform has a resource for each key. */
  readonly keys: AccessKeys[number][][];
  /** Epoch milliseconds. */
  readonly uses: number[];
  hasPolicies: boolean;
}

type AccessKeys = NonNullable<SnapshotUser['accessKeys']>;

/** Collects what documents tell of one account's IAM. */
export interface AccountDraft {
  take(fact: IamFact): void;
  /** `isKnown`: a saved snapshot has the account wholly. */
  finish(isKnown: boolean): SnapshotAccount;
}

export function createAccountDraft(
  accountId: string,
  report: ReportGap,
  addPlace: (thing: PlacedThing, place: Place) => void,
): AccountDraft {
  const gap = (reason: string, place?: Place): void =>
    report({ area: 'iam', accountId, reason, ...(place && { place }) } satisfies Gap);
  const ownProviders = `::${accountId}:oidc-provider/`;
  const principals = new Map<string, PrincipalDraft>();
  const parts: PrincipalFact[] = [];
  const policies = createShelf<SnapshotManagedPolicy>(gap);
  const providers = createShelf<SnapshotAccount['oidcProviders'][number]>(gap);
  /** Of which only the name is told. */
  const openProviders = new Map<string, { readonly url: string; readonly place: Place }>();
  const complete = new Set<IamList>();
  let policiesAreMissing = 0;
  let root: SnapshotAccount['root'];

  const addPolicies = (
    principal: PrincipalDraft,
    { inlinePolicies, attachedPolicyArns, groupNames, place }: PrincipalFact,
  ): void => {
    if (inlinePolicies !== undefined || attachedPolicyArns !== undefined) principal.hasPolicies = true;
    for (const [name, document] of Object.entries(inlinePolicies ?? {})) {
      const before = principal.inline.get(name);
      if (before !== undefined && !sameDocument(before, document)) {
        gap(`policy \`${name}\` of \`${principal.arn}\` is told twice, and differs: this one counts`, place);
      }
      principal.inline.set(name, document);
    }
    for (const arn of attachedPolicyArns ?? []) principal.attached.add(arn);
    for (const name of groupNames ?? []) principal.groups.add(name);
  };

  const takePrincipal = (fact: PrincipalFact): void => {
    const { kind, arn, place } = fact;
    const key = principalKey(kind, arn);
    const found = principals.get(key);
    if (found !== undefined && found.arn !== arn) {
      gap(`${kind} \`${nameIn(arn)}\` is also at ${placeText(found.draft.place)}, with another path`, place);
    }
    const principal = found ?? {
      ...{ kind, arn, hasPolicies: false },
      draft: createDraft<Required<ToldPrincipal>>(`${kind} \`${arn}\``, place, gap),
      ...{ inline: new Map(), attached: new Set<string>(), groups: new Set<string>(), keys: [], uses: [] },
    };
    principals.set(key, principal);
    principal.draft.tell(fact.told, place);
    addPolicies(principal, fact);
    addPlace({ thing: 'iam', arn }, place);
  };

  const baseOf = ({ arn, draft, inline, attached, uses, hasPolicies }: PrincipalDraft) => {
    const { principalId, createdAt, tags, permissionsBoundaryArn } = draft.value;
    const used = [...uses, ...(draft.value.lastUsedAt === undefined ? [] : [draft.value.lastUsedAt])];
    const lastUsedAt = used.length === 0 ? undefined : used.reduce((one, other) => Math.max(one, other));
    if (!hasPolicies) policiesAreMissing++;
    return {
      ...{ arn, name: nameIn(arn) },
      principalId: principalId ?? unlistedId(arn),
      ...(createdAt !== undefined && { createdAt }),
      tags: tags ?? {},
      inlinePolicies: Object.fromEntries(inline),
      attachedPolicyArns: [...attached],
      ...(permissionsBoundaryArn !== undefined && { permissionsBoundaryArn }),
      ...(lastUsedAt !== undefined && { lastUsedAt }),
    };
  };
  const userOf = (principal: PrincipalDraft): SnapshotUser => {
    const { mfaDevices, hasPassword } = principal.draft.value;
    const accessKeys = joinKeys(principal.keys);
    return {
      ...baseOf(principal),
      groupNames: [...principal.groups],
      ...(accessKeys !== undefined && { accessKeys }),
      ...(mfaDevices !== undefined && { mfaDevices }),
      ...(hasPassword !== undefined && { hasPassword }),
    };
  };
  const roleOf = (principal: PrincipalDraft): SnapshotRole => {
    const { trustPolicy } = principal.draft.value;
    if (trustPolicy === undefined) {
      gap(`the trust policy of role \`${principal.arn}\` is not in the files`, principal.draft.place);
    }
    return { ...baseOf(principal), trustPolicy: trustPolicy ?? '' };
  };
  const groupOf = ({ arn, inline, attached, hasPolicies }: PrincipalDraft): SnapshotGroup => {
    if (!hasPolicies) policiesAreMissing++;
    return {
      ...{ arn, name: nameIn(arn) },
      inlinePolicies: Object.fromEntries(inline),
      attachedPolicyArns: [...attached],
    };
  };

  return {
    take(fact) {
      switch (fact.fact) {
        case 'principal':
          if (fact.isPart) parts.push(fact);
          else takePrincipal(fact);
          break;
        case 'managedPolicy': {
          const { arn, document, place } = fact;
          if (document === undefined && policies.things.has(arn)) break;
          const policy = { arn, ...(document !== undefined && { document }) };
          policies.put(arn, policy, place, () => `policy \`${arn}\``);
          addPlace({ thing: 'iam', arn }, place);
          break;
        }
        case 'oidcProvider': {
          const { arn, url, clientIds, place } = fact;
          if (clientIds === undefined) {
            if (!providers.things.has(arn)) openProviders.set(arn, { url, place });
            break;
          }
          openProviders.delete(arn);
          providers.put(arn, { arn, url, clientIds }, place, () => `OIDC provider \`${arn}\``);
          break;
        }
        case 'root':
          root = fact.root;
          break;
        case 'complete':
          for (const list of fact.lists) complete.add(list);
          break;
        default:
          fact satisfies never;
      }
    },

    finish(isKnown) {
      for (const part of parts) {
        const principal = principals.get(principalKey(part.kind, part.arn));
        if (principal !== undefined) {
          const { accessKeys, lastUsedAt, ...told } = part.told;
          principal.draft.tell(told, part.place);
          if (accessKeys !== undefined) principal.keys.push([...accessKeys]);
          if (lastUsedAt !== undefined) principal.uses.push(lastUsedAt);
          addPolicies(principal, part);
        } else {
          gap(`${part.kind} \`${nameIn(part.arn)}\`, which this adds to, is not in the files`, part.place);
        }
      }
      const all = [...principals.values()].sort((one, other) => (one.arn < other.arn ? -1 : 1));
      const users = all.filter(({ kind }) => kind === 'user').map(userOf);
      const roles = all.filter(({ kind }) => kind === 'role').map(roleOf);
      const groups = all.filter(({ kind }) => kind === 'group').map(groupOf);
      if (!isKnown && !(complete.has('users') && complete.has('roles'))) {
        gap(
          `only some of the IAM of account ${accountId} is in the files; \`aws iam get-account-authorization-details\` prints all of it`,
        );
      } else if (
        !isKnown &&
        !complete.has('oidcProviders') &&
        (providers.things.size > 0 || roles.some(({ trustPolicy }) => trustPolicy.includes(ownProviders)))
      ) {
        // Where nobody speaks of one, it makes no difference which there are.
        gap(
          `perhaps not all OIDC providers of account ${accountId} are in the files; \`aws iam list-open-id-connect-providers\` prints which there are`,
        );
      }
      if (policiesAreMissing > 0) {
        gap(
          `the policies of ${policiesAreMissing} users, roles or groups of account ${accountId} are not in the files`,
        );
      }
      for (const [arn, { url, place }] of openProviders) {
        gap(
          `for whom OIDC provider \`${arn}\` makes tokens is not told; \`aws iam get-open-id-connect-provider\` prints it`,
          place,
        );
        providers.put(arn, { arn, url, clientIds: [] }, place, () => `OIDC provider \`${arn}\``);
      }
      const used = new Set(all.flatMap(({ attached }) => [...attached]));
      for (const { draft } of all) {
        const boundary = draft.value.permissionsBoundaryArn;
        if (boundary !== undefined) used.add(boundary);
      }
      const unread = [...used].filter((arn) => policies.things.get(arn)?.thing.document === undefined);
      if (!isKnown) {
        for (const arn of unread) gap(`the document of policy \`${arn}\` is not in the files`);
      }
      const managedPolicies = new Map([...policies.things].map(([arn, { thing }]) => [arn, thing] as const));
      for (const arn of unread) if (!managedPolicies.has(arn)) managedPolicies.set(arn, { arn });
      return {
        ...{ accountId, users, roles, groups },
        managedPolicies: [...managedPolicies.values()],
        oidcProviders: [...providers.things.values()].map(({ thing }) => thing),
        accessPolicies: [],
        ...(root && { root }),
      };
    },
  };
}

/** One of each. A credential report numbers keys: when one was made tells which it is, where its id is told, too. */
function joinKeys(told: PrincipalDraft['keys']): AccessKeys | undefined {
  if (told.length === 0) return undefined;
  const all = told.flat();
  const keys = new Map<string, AccessKeys[number]>();
  for (const key of all) {
    if (!isNumbered(key)) keys.set(key.accessKeyId, { ...keys.get(key.accessKeyId), ...key });
  }
  const named = [...keys.values()];
  for (const key of all.filter(isNumbered)) {
    const same = named.find(({ createdAt }) => createdAt === undefined || createdAt === key.createdAt);
    if (same === undefined) keys.set(key.accessKeyId, key);
    else keys.set(same.accessKeyId, { ...key, ...keys.get(same.accessKeyId) });
  }
  return [...keys.values()];
}

function isNumbered({ accessKeyId }: AccessKeys[number]): boolean {
  return /^key [12]$/.test(accessKeyId);
}

/** Names are unique in an account, whatever their path and case. */
export function principalKey(kind: string, arn: string): string {
  return `${kind} ${lowerAscii(nameIn(arn))}`;
}

/** Without its path. */
export function nameIn(arn: string): string {
  const resource = parseArn(arn)?.resource ?? arn;
  return resource.slice(resource.lastIndexOf('/') + 1);
}
