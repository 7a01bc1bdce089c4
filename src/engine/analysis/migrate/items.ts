import { isAccountId } from '../../arn/arn.ts';
import { lowerAscii } from '../../arn/case.ts';
import { parsePrincipalArn } from '../../arn/principalarn.ts';
import { compileSsoPattern } from '../../identity/sso.ts';
import type { SnapshotCluster } from '../snapshot/snapshot.ts';
import type { Principals } from '../world/principals.ts';
import type { IamSubject } from '../world/subject.ts';
import type { EntryResult, MappingItem } from './entry.ts';
import { textsOf } from './itemtexts.ts';
import type { AwsAuthKey, ItemCode, ItemOutcome } from './plan.ts';

/** What becomes of one subject that aws-auth names. */
export type SubjectOutcome = { readonly subject: IamSubject; readonly item: MappingItem } & (
  | EntryResult
  | { readonly is: 'already' }
  | { readonly is: 'nothing'; readonly code: ItemCode }
);

/** Every item of aws-auth in its order, with what becomes of it: of duplicates the last counts (eks-access-facts G7, G8). */
export function outcomesOf(
  cluster: SnapshotCluster,
  subjects: readonly SubjectOutcome[],
  principals: Pick<Principals, 'named'>,
): readonly ItemOutcome[] {
  const { roles = [], users = [], accounts = [] } = cluster.awsAuth ?? {};
  const byItem = new Map<string, SubjectOutcome[]>();
  for (const outcome of subjects) {
    const key = itemKey(outcome.item.key, outcome.item.arn);
    const found = byItem.get(key);
    if (found === undefined) byItem.set(key, [outcome]);
    else found.push(outcome);
  }
  const lastRole = lastOf(
    roles.map(({ rolearn, sso }) => rolearn ?? (sso && compileSsoPattern(sso)?.pattern) ?? ''),
  );
  const lastUser = lastOf(users.map(({ userarn }) => userarn));
  const isIgnored = cluster.authenticationMode === 'API';

  const one = (key: AwsAuthKey, arn: string, code: ItemCode | undefined): ItemOutcome => {
    const found = byItem.get(itemKey(key, arn)) ?? [];
    const entries = found.flatMap((outcome) => (outcome.is === 'moves' ? [outcome.entry.principalArn] : []));
    const by = (outcome: ItemOutcome['outcome'], why?: ItemCode): ItemOutcome => ({
      ...{ key, arn, outcome, entries },
      ...(why !== undefined && { code: why, ...textsOf(why, arn, cluster) }),
    });
    if (isIgnored) return by('nothing', 'modeIgnoresAwsAuth');
    if (code !== undefined) return by('nothing', code);
    if (key === 'mapAccounts') return by('stays', 'account');
    const stays = found.find((outcome) => outcome.is === 'stays');
    if (stays?.is === 'stays') return by('stays', stays.code);
    if (entries.length > 0) return by('moves');
    if (found.some(({ is }) => is === 'already')) return by('already');
    const nothing = found.find((outcome) => outcome.is === 'nothing');
    if (nothing?.is === 'nothing') return by('nothing', nothing.code);
    return by('nothing', namesNobody(arn, principals));
  };

  return [
    ...roles.map(({ rolearn, sso }, at) => {
      const pattern = sso && compileSsoPattern(sso)?.pattern;
      const arn = rolearn ?? pattern ?? '';
      const isShut = sso !== undefined && cluster.ssoRoleMatch !== true;
      return one('mapRoles', arn, isShut ? 'ssoGate' : lastRole(arn) === at ? undefined : 'laterItemCounts');
    }),
    ...users.map(({ userarn }, at) =>
      one(
        'mapUsers',
        userarn,
        lastRole(userarn) !== undefined
          ? 'roleCounts'
          : lastUser(userarn) === at
            ? undefined
            : 'laterItemCounts',
      ),
    ),
    ...[...new Set(accounts)].map((account) =>
      one('mapAccounts', account, isAccountId(account) ? undefined : 'notAccount'),
    ),
  ];
}

function itemKey(key: AwsAuthKey, arn: string): string {
  return `${key} ${lowerAscii(arn)}`;
}

/** Where each ARN stands last; ARNs are compared without case. */
function lastOf(arns: readonly string[]): (arn: string) => number | undefined {
  const last = new Map(arns.map((arn, at) => [lowerAscii(arn), at]));
  return (arn) => last.get(lowerAscii(arn));
}

/** Of an item that matches no subject. */
function namesNobody(arn: string, principals: Pick<Principals, 'named'>): ItemCode {
  const named = parsePrincipalArn(lowerAscii(arn));
  switch (named?.kind) {
    case 'role':
      return named.path === '/' ? 'missingPrincipal' : 'rolePath';
    case 'user':
      return principals.named(lowerAscii(arn)) === undefined ? 'missingPrincipal' : 'userPath';
    case 'root':
      return 'missingPrincipal';
    case 'assumedRole':
      return 'session';
    case 'federatedUser':
      return 'federatedUser';
    case undefined:
      return 'notPrincipal';
    default:
      return named satisfies never;
  }
}
