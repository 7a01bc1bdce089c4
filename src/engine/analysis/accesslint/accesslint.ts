import type { Severity } from '../policylint/severity.ts';
import { severities } from '../policylint/severity.ts';
import { placeKey } from '../snapshot/places.ts';
import type { Gap } from '../snapshot/snapshot.ts';
import type { World } from '../world/world.ts';
import { type BorrowedInputs, inAccessPolicies, inAwsAuth, inDocuments } from './borrowed.ts';
import { createFacts, type Facts } from './facts.ts';
import { type Missing, missingInAccount, missingInCluster } from './needs.ts';
import type { AccessFinding, AccessRule, Borrowed, Spotted } from './rule.ts';
import { accessRuleIds, accessRuleSeverities, accessRules } from './rules.ts';
import {
  createSuppressionIndex,
  lastDay,
  type Suppressed,
  type Suppression,
  type SuppressionIndex,
  suppressedOf,
} from './suppressions.ts';
import type { Usage } from './usage.ts';

export interface AccessLintOptions extends BorrowedInputs {
  /** A cryptographic digest in short: a suppression must not hide what somebody made up to have the same. */
  readonly digest: (text: string) => string;
  readonly usage?: Usage | undefined;
  readonly suppressions?: readonly Suppression[];
  /** Default: `suggestion`. */
  readonly minSeverity?: Severity;
  /** Ids; absent: all rules. */
  readonly only?: ReadonlySet<string> | undefined;
  readonly skip?: ReadonlySet<string> | undefined;
  /** Findings of one rule that are told at most; default 1,000. */
  readonly mostPerRule?: number;
}

export interface AccessLintAnswer {
  /** The weightiest first, then by id, cluster, subject and object. */
  readonly findings: readonly AccessFinding[];
  readonly suppressed: readonly Suppressed[];
  /** Rules that found more than is told. */
  readonly cut: readonly { readonly id: string; readonly found: number; readonly told: number }[];
  /** What was not looked at, or not wholly, and why: of it nothing is known, also where nothing was found. */
  readonly notLookedAt: readonly NotLookedAt[];
  readonly incomplete: readonly Gap[];
}

export interface NotLookedAt {
  readonly reason: string;
  readonly ids: readonly string[];
  readonly clusterArn?: string;
  readonly accountId?: string;
}

/**
 * Everything that is to be said of who has access in a snapshot. Pure; each thing is told once by a rule. No rule compares
 * all things with all others, so that the time grows with the size of the snapshot.
 */
export function lintAccess(world: World, options: AccessLintOptions): AccessLintAnswer {
  const { snapshot } = world;
  const facts = createFacts(world, options);
  const suppressions = createSuppressionIndex(options.suppressions ?? [], {
    now: world.now,
    clusterNames: new Map(snapshot.clusters.map(({ arn, name }) => [arn, name])),
    isRead: world.principals.isRead,
  });
  const isWanted = ({ id, severity }: { readonly id: string; readonly severity: Severity }): boolean =>
    (options.only?.has(id) ?? true) &&
    options.skip?.has(id) !== true &&
    severities.indexOf(severity) >= severities.indexOf(options.minSeverity ?? 'suggestion');
  const collector = createCollector(world, suppressions, options);
  const unlooked = createUnlooked();
  const wanted = accessRules.filter(isWanted);
  for (const { rule, spotted, clusterArn } of carryOut(wanted, { facts, unlooked, usage: options.usage })) {
    const { id, name, severity } = rule;
    collector.add({ id, rule: name, severity }, spotted, clusterArn);
  }
  const areBorrowed = [...accessRuleSeverities].some(
    ([id, severity]) => !id.startsWith('EW-ACC-') && isWanted({ id, severity }),
  );
  for (const { borrowed, clusterArn } of areBorrowed ? borrowedFindings(world, options) : []) {
    if (isWanted(borrowed)) collector.add(borrowed, borrowed, clusterArn, borrowed.distinct);
  }
  const notLookedAt = unlooked.told();
  const skipped = new Set(notLookedAt.flatMap(({ ids }) => ids));
  const ran = new Set(
    [...accessRuleSeverities].flatMap(([id, severity]) =>
      isWanted({ id, severity }) && !skipped.has(id) ? [id] : [],
    ),
  );
  for (const { id, suppression, message } of suppressions.remarks({ known: accessRuleIds, ran })) {
    const rule = wanted.find((one) => one.id === id);
    if (rule === undefined) continue;
    collector.add(
      { id, rule: rule.name, severity: rule.severity },
      { subject: suppressedOf(suppression), object: suppression.id, message, fix: rule.fix },
      undefined,
      JSON.stringify([suppression.id, suppression.object, suppression.fingerprint, suppression.cluster]),
      suppression.place,
    );
  }
  return {
    ...collector.told(),
    notLookedAt,
    incomplete: [...snapshot.gaps, ...(options.usage?.gaps ?? [])],
  };
}

/**
 * What the rules find, account by account and cluster by cluster, so that what is made for one cluster need not be kept;
 * where one cannot be carried out, `unlooked` is told.
 */
function* carryOut(
  rules: readonly AccessRule[],
  {
    facts,
    unlooked,
    usage,
  }: { readonly facts: Facts; readonly unlooked: Unlooked; readonly usage: Usage | undefined },
): Generator<{ readonly rule: AccessRule; readonly spotted: Spotted; readonly clusterArn?: string }> {
  const { world } = facts;
  const { snapshot } = world;
  const ofClusters = rules.filter((rule) => rule.about === 'cluster');
  const ofAccounts = rules.filter((rule) => rule.about === 'account');
  const nothing = (reason: string, { id }: AccessRule): void => unlooked.add({ reason, blocks: true }, id);
  if (world.clusters.length === 0) for (const rule of ofClusters) nothing('no cluster was read', rule);
  if (snapshot.accounts.length === 0)
    for (const rule of ofAccounts) nothing('no account’s IAM was read', rule);
  const isBlocked = (
    rule: AccessRule,
    missing: readonly Missing[],
    where: Parameters<Unlooked['add']>[2],
  ): boolean => {
    for (const one of missing) unlooked.add(one, rule.id, one.everywhere ? {} : where);
    return missing.some(({ blocks }) => blocks);
  };
  for (const cluster of world.clusters) {
    const clusterArn = cluster.cluster.arn;
    for (const rule of ofClusters) {
      const missing = (rule.needs ?? []).flatMap(
        (need) => missingInCluster(need, cluster.cluster, snapshot, usage) ?? [],
      );
      if (isBlocked(rule, missing, { clusterArn })) continue;
      for (const spotted of rule.check(cluster, facts)) yield { rule, spotted, clusterArn };
    }
  }
  for (const account of snapshot.accounts) {
    for (const rule of ofAccounts) {
      const missing = (rule.needs ?? []).flatMap((need) => missingInAccount(need, account, snapshot) ?? []);
      if (isBlocked(rule, missing, { accountId: account.accountId })) continue;
      for (const spotted of rule.check(account, facts)) yield { rule, spotted };
    }
  }
}

function* borrowedFindings(
  world: World,
  inputs: BorrowedInputs,
): Generator<{ readonly borrowed: Borrowed; readonly clusterArn?: string }> {
  for (const account of world.snapshot.accounts) {
    for (const borrowed of inDocuments(account)) yield { borrowed };
    for (const borrowed of inAccessPolicies(account, inputs)) yield { borrowed };
  }
  for (const cluster of world.clusters) {
    for (const borrowed of inAwsAuth(cluster, inputs)) yield { borrowed, clusterArn: cluster.cluster.arn };
  }
}

type RuleName = Pick<AccessFinding, 'id' | 'rule' | 'severity'>;

/** Keeps findings, each once, those of one rule up to a bound. */
function createCollector(
  { snapshot }: World,
  suppressions: SuppressionIndex,
  { digest, mostPerRule = 1000 }: AccessLintOptions,
) {
  const kept: AccessFinding[] = [];
  const suppressed: Suppressed[] = [];
  const byRule = new Map<string, { readonly seen: Set<string>; told: number; found: number }>();
  return {
    add(
      { id, rule, severity }: RuleName,
      { subject, object, message, fix, at }: Spotted,
      clusterArn: string | undefined,
      distinct = object ?? '',
      placed?: AccessFinding['place'],
    ): void {
      const state = byRule.get(id) ?? { seen: new Set(), told: 0, found: 0 };
      byRule.set(id, state);
      // The lengths tell apart what the parts may hold.
      const where = clusterArn ?? '';
      const key = `${where.length} ${subject.length} ${where}${subject}${distinct}`;
      if (state.seen.has(key)) return;
      state.seen.add(key);
      const isFull = state.told >= mostPerRule;
      if (isFull && !suppressions.concerns(id)) {
        state.found += 1;
        return;
      }
      const place = placed ?? (at && snapshot.places[placeKey(at)]);
      const finding: AccessFinding = {
        ...{ id, rule, severity, subject },
        ...(object !== undefined && { object }),
        ...(clusterArn !== undefined && { clusterArn }),
        message,
        ...(fix !== undefined && { fix: typeof fix === 'string' ? fix : fix() }),
        ...(place && { place }),
        fingerprint: digest(JSON.stringify([id, where, subject, distinct])),
      };
      const suppression = suppressions.of(finding);
      if (suppression !== undefined) {
        suppressed.push({ finding, reason: suppression.reason, until: lastDay(suppression) });
        return;
      }
      state.found += 1;
      if (isFull) return;
      state.told += 1;
      kept.push(finding);
    },
    told: () => ({
      findings: kept.sort(byWeight),
      suppressed: suppressed.sort((one, other) => byWeight(one.finding, other.finding)),
      cut: [...byRule]
        .filter(([, { found, told }]) => found > told)
        .map(([id, { found, told }]) => ({ id, found, told }))
        .sort((one, other) => compare(one.id, other.id)),
    }),
  };
}

function byWeight(one: AccessFinding, other: AccessFinding): number {
  return (
    severities.indexOf(other.severity) - severities.indexOf(one.severity) ||
    compare(one.id, other.id) ||
    compare(one.clusterArn ?? '', other.clusterArn ?? '') ||
    compare(one.subject, other.subject) ||
    compare(one.object ?? '', other.object ?? '') ||
    compare(one.message, other.message)
  );
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

interface Unlooked {
  add(
    missing: Missing,
    id: string,
    where?: { readonly clusterArn?: string; readonly accountId?: string },
  ): void;
  told(): readonly NotLookedAt[];
}

/** One line for each reason and place, however many rules it concerns. */
function createUnlooked(): Unlooked {
  const byReason = new Map<string, NotLookedAt & { readonly ids: string[] }>();
  return {
    add({ reason }, id, where = {}) {
      const key = JSON.stringify([reason, where.clusterArn, where.accountId]);
      const known = byReason.get(key);
      if (known === undefined) byReason.set(key, { reason, ids: [id], ...where });
      else if (!known.ids.includes(id)) known.ids.push(id);
    },
    told: () => [...byReason.values()],
  };
}
