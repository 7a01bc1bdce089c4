import { isAccountId } from '../../arn/arn.ts';
import { parsePrincipalArn } from '../../arn/principalarn.ts';
import { uniqueIdKind } from '../../arn/uniqueid.ts';
import { subjectOf } from '../iamworld/allowers.ts';
import type { IamWorld } from '../iamworld/iamworld.ts';
import type { KnownPrincipal } from '../world/principals.ts';
import type { IamSubject } from '../world/subject.ts';
import type { World } from '../world/world.ts';

export type KnownRole = KnownPrincipal & { readonly kind: 'role' };

/** Whom the Allow statements of a trust policy speak of, whatever their conditions: an index, never a decision. */
export interface TrustedParties {
  /** By name, also of accounts that were not read. */
  readonly named: readonly IamSubject[];
  /** Accounts whose own policies decide; `*` for all. */
  readonly accounts: ReadonlySet<string>;
  readonly services: readonly string[];
  readonly providers: readonly string[];
}

export interface Trusts {
  of(role: KnownRole): TrustedParties;
  /** Roles that speak of the principal, or of its account. */
  rolesTrusting(subject: IamSubject): ReadonlySet<KnownRole>;
  /** Roles that trust a provider. */
  readonly federated: () => readonly KnownRole[];
  ofService(name: string): readonly KnownRole[];
}

export function createTrusts(world: World, iam: IamWorld): Trusts {
  const { principals } = world;
  const parties = new Map<string, TrustedParties>();
  let byParty: ReadonlyMap<string, ReadonlySet<KnownRole>> | undefined;

  const resolve = (arn: string, pinnedId: string | undefined): readonly IamSubject[] => {
    const pinned = pinnedId === undefined ? undefined : principals.ofId(pinnedId);
    if (pinned !== undefined) return [subjectOf(pinned)];
    const named = parsePrincipalArn(arn);
    if (named === undefined || named.kind === 'root' || named.kind === 'federatedUser') return [];
    const { partition, accountId, name } = named;
    const kind = named.kind === 'user' ? 'user' : 'role';
    const plain = named.kind === 'assumedRole' ? `arn:${partition}:iam::${accountId}:role/${name}` : arn;
    const known = principals.named(plain);
    if (known !== undefined) return [subjectOf(known)];
    // Nobody of an account that was read wholly has the name: nobody can be it.
    if (principals.isRead(accountId)) return [];
    return [{ kind: 'iam', type: kind, arn: plain, accountId, principalId: '', standing: 'unlisted' }];
  };

  const find = (role: KnownRole): TrustedParties => {
    const named = new Map<string, IamSubject>();
    const accounts = new Set<string>();
    const services = new Set<string>();
    const providers = new Set<string>();
    const { trustedPrincipalIds = {} } = role.record;
    for (const { effect, principal } of iam.standings.role(role).trust.document?.statements ?? []) {
      // NotPrincipal with Allow grants nothing (iam-facts B9).
      if (effect !== 'Allow' || principal === undefined || principal.negated) continue;
      for (const { type, value } of principal.entries) {
        if (type === 'Service') services.add(value);
        else if (type === 'Federated') providers.add(value);
        if (type !== 'AWS') continue;
        const parsed = parsePrincipalArn(value);
        if (value === '*' || isAccountId(value)) accounts.add(value);
        else if (parsed?.kind === 'root') accounts.add(parsed.accountId);
        else if (uniqueIdKind(value) !== undefined) {
          const known = principals.ofId(value);
          if (known !== undefined) named.set(known.record.arn, subjectOf(known));
        } else {
          const id = Object.hasOwn(trustedPrincipalIds, value) ? trustedPrincipalIds[value] : undefined;
          for (const subject of resolve(value, id)) named.set(subject.arn, subject);
        }
      }
    }
    return { named: [...named.values()], accounts, services: [...services], providers: [...providers] };
  };

  const of = (role: KnownRole): TrustedParties => {
    let found = parties.get(role.record.arn);
    if (found === undefined) {
      found = find(role);
      parties.set(role.record.arn, found);
    }
    return found;
  };

  const roles = (): readonly KnownRole[] =>
    principals.all.filter((principal): principal is KnownRole => principal.kind === 'role');

  const index = (): ReadonlyMap<string, ReadonlySet<KnownRole>> => {
    if (byParty !== undefined) return byParty;
    const found = new Map<string, Set<KnownRole>>();
    for (const role of roles()) {
      const { named, accounts } = of(role);
      for (const key of [...named.map(({ arn }) => arn), ...accounts]) {
        const known = found.get(key);
        if (known === undefined) found.set(key, new Set([role]));
        else known.add(role);
      }
    }
    byParty = found;
    return found;
  };

  const byService = new Map<string, readonly KnownRole[]>();
  let federatedRoles: readonly KnownRole[] | undefined;
  return {
    of,
    rolesTrusting(subject) {
      const trusting = index();
      const keys = [subject.arn, subject.accountId, '*'];
      return new Set(keys.flatMap((key) => [...(trusting.get(key) ?? [])]));
    },
    ofService(name) {
      let found = byService.get(name);
      if (found === undefined) {
        found = roles().filter((role) => of(role).services.includes(name));
        byService.set(name, found);
      }
      return found;
    },
    federated() {
      federatedRoles ??= roles().filter((role) => of(role).providers.length > 0);
      return federatedRoles;
    },
  };
}

/** Everybody of an account that was not read, or of any account (`*`). */
export function accountSubject(partition: string, accountId: string): IamSubject {
  const arn = `arn:${partition}:iam::${accountId}:root`;
  return { kind: 'iam', type: 'account', arn, accountId, principalId: '', standing: 'unlisted' };
}
