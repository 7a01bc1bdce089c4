import { lowerAscii } from '../../arn/case.ts';
import { comparableArn, isMatcherArn } from '../../identity/entries.ts';
import { compileMatcher } from '../../identity/matchers.ts';
import type { AccessUse } from '../usage/use.ts';
import { roleOfSession, usesOf } from '../usage/whose.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import { createPrefixIndex } from '../world/prefixes.ts';
import { anySession } from '../world/sessions.ts';
import type { IamSubject } from '../world/subject.ts';
import type { Usage } from './usage.ts';

/** Who used one cluster, in the time there are records of. */
export interface UseIndex {
  /** Epoch milliseconds. */
  readonly from: number;
  readonly to: number;
  /** Whether the subject did something there, or somebody whom its pattern fits: as `usesOf` decides. */
  isUsed(subject: IamSubject): boolean;
}

/** Undefined where there are no records of the cluster. */
export function createUseIndex(cluster: ClusterWorld, { uses, covered }: Usage): UseIndex | undefined {
  const { arn, name } = cluster.cluster;
  const isHere = (named: string | undefined): boolean =>
    named === undefined || named === arn || named === name;
  const times = covered.filter((one) => isHere(one.cluster));
  if (times.length === 0) return undefined;
  const byArn = createGroups();
  const byId = createGroups();
  const byName = createGroups();
  for (const use of uses) {
    // Who was refused had no use of the access.
    if (use.did.kind !== 'kubernetes' || !use.allowed || !isHere(use.did.cluster)) continue;
    const { principalArn, principalId, username } = use.who;
    const named = roleOfSession(principalArn ?? username ?? '');
    byArn.add(comparableArn(named), use);
    byId.add(principalId, use);
    if (principalArn === undefined && principalId === undefined) byName.add(username, use);
  }
  const names = createPrefixIndex(byName.keys);
  const arns = createPrefixIndex(byArn.keys);

  /** All that may be the subject's, without looking at those of everybody else. */
  function* candidates(subject: IamSubject): Generator<AccessUse> {
    yield* byArn.of(comparableArn(subject.arn));
    yield* byId.of(subject.principalId);
    for (const { user, sessionName } of cluster.identitiesOf(subject).identities) {
      const [start = ''] = sessionName === anySession ? user.username.split(anySession) : [user.username];
      for (const key of names.startingWith(start)) yield* byName.of(key);
    }
  }
  const fits = (pattern: string): boolean => {
    const matcher = compileMatcher(pattern.replace(/\?+$/, '*'));
    if (matcher === undefined) return true;
    const start = lowerAscii(pattern.slice(0, pattern.search(/[*?]/)));
    for (const key of arns.startingWith(start)) if (matcher.matches(key)) return true;
    return false;
  };
  return {
    from: Math.min(...times.map(({ from }) => from)),
    to: Math.max(...times.map(({ to }) => to)),
    isUsed(subject) {
      if ((subject.type === 'rolePattern' || isMatcherArn(subject.arn)) && fits(subject.arn)) return true;
      const isOf = usesOf(subject, cluster.identitiesOf(subject).identities);
      for (const use of candidates(subject)) if (isOf(use)) return true;
      return false;
    },
  };
}

function createGroups() {
  const groups = new Map<string, AccessUse[]>();
  const keys = new Set<string>();
  return {
    keys: keys as ReadonlySet<string>,
    add(key: string | undefined, use: AccessUse): void {
      if (key === undefined) return;
      const known = groups.get(key);
      if (known !== undefined) return void known.push(use);
      groups.set(key, [use]);
      keys.add(key);
    },
    of: (key: string | undefined): readonly AccessUse[] => groups.get(key ?? '') ?? [],
  };
}
