import { parsePrincipalArn } from '../../arn/principalarn.ts';
import type { Place } from '../snapshot/snapshot.ts';
import type { AccessFinding, SuppressionRule } from './rule.ts';

/** What somebody decided to live with: of one rule, until a day, for a reason. */
export interface Suppression {
  readonly id: string;
  /** Absent members match everything, one of the three is there. Compared whole: no wildcard hides what comes later. */
  readonly fingerprint?: string;
  readonly subject?: string;
  readonly object?: string;
  /** Name or ARN. */
  readonly cluster?: string;
  /** '' where the file gives none. */
  readonly reason: string;
  /** Epoch milliseconds, exclusive; absent where the file gives none. */
  readonly until?: number;
  readonly place?: Place;
}

export interface Suppressed {
  readonly finding: AccessFinding;
  readonly reason: string;
  /** The last day on which it counts: `2027-01-31`. */
  readonly until: string;
}

const text = { about: 'suppressions' } as const;
export const suppressionRules: readonly SuppressionRule[] = [
  {
    ...text,
    id: 'EW-ACC-901',
    name: 'suppression that ended',
    severity: 'warning',
    why: 'What was suppressed is told of again. A decision that is renewed without a look is none.',
    fix: 'mend what it hides, or decide again and write a later date',
  },
  {
    ...text,
    id: 'EW-ACC-902',
    name: 'suppression that hides nothing',
    severity: 'suggestion',
    why: 'What it was written for is mended or gone. Left there it hides whatever comes to fit it.',
    fix: 'take it out',
  },
  {
    ...text,
    id: 'EW-ACC-903',
    name: 'suppression without a reason or an end',
    severity: 'error',
    why: 'Nobody can tell later whether it is still right. It does not count.',
    fix: 'write `subject` (as `-o json` prints it), `reason` and `until` (a date)',
  },
  {
    ...text,
    id: 'EW-ACC-904',
    name: 'suppression of an unknown rule',
    severity: 'error',
    why: 'There is no rule of this id, or it is one of those about suppressions: it hides nothing, and somebody believes that it does.',
    fix: 'correct the id; docs/reference/access-lint.md has all',
  },
];

/** Sorts findings into those that are told and those that are not, and remembers which suppressions were of use. */
export interface SuppressionIndex {
  /** Whether any is of the rule. */
  concerns(id: string): boolean;
  /** The suppression that hides it. */
  of(finding: AccessFinding): Suppression | undefined;
  /** What is to be said of the suppressions themselves, once all findings were asked about. */
  remarks(rules: {
    readonly known: ReadonlySet<string>;
    /** Those that were carried out wholly: only of these it is known that there is nothing to hide. */
    readonly ran: ReadonlySet<string>;
  }): readonly {
    readonly id: string;
    readonly suppression: Suppression;
    readonly message: string;
  }[];
}

export function createSuppressionIndex(
  suppressions: readonly Suppression[],
  {
    now,
    clusterNames,
    isRead,
  }: {
    readonly now: number;
    readonly clusterNames: ReadonlyMap<string, string>;
    /** Whether the IAM of an account was read wholly. */
    readonly isRead: (accountId: string) => boolean;
  },
): SuppressionIndex {
  // INVARIANT: one that ended, or says neither why nor how long, hides nothing.
  const counts = (one: Suppression): boolean =>
    isWhole(one) && now < (one.until ?? 0) && !isOfSuppressions(one.id);
  const ids = new Set(suppressions.map(({ id }) => id));
  const names = new Set(clusterNames.values());
  const wasRead = ({ cluster, subject = '' }: Suppression): boolean => {
    const named = parsePrincipalArn(subject);
    if (named !== undefined && !isRead(named.accountId)) return false;
    return cluster === undefined || clusterNames.has(cluster) || names.has(cluster);
  };
  const byKey = new Map<string, Suppression[]>();
  for (const one of suppressions) {
    if (!counts(one)) continue;
    const key = keyOf(one);
    const same = byKey.get(key);
    if (same === undefined) byKey.set(key, [one]);
    else same.push(one);
  }
  const used = new Set<Suppression>();
  const fits = ({ object, cluster, subject, fingerprint }: Suppression, finding: AccessFinding): boolean =>
    (subject === undefined || subject === finding.subject) &&
    (fingerprint === undefined || fingerprint === finding.fingerprint) &&
    (object === undefined || object === finding.object) &&
    (cluster === undefined ||
      cluster === finding.clusterArn ||
      cluster === clusterNames.get(finding.clusterArn ?? ''));
  return {
    of(finding) {
      const { id, subject, object, fingerprint } = finding;
      const candidates = [
        ...(byKey.get(JSON.stringify([id, 'fingerprint', fingerprint])) ?? []),
        ...(byKey.get(JSON.stringify([id, 'subject', subject])) ?? []),
        ...(byKey.get(JSON.stringify([id, 'object', object])) ?? []),
      ];
      const fitting = candidates.filter((one) => fits(one, finding));
      // Two that hide the same are both of use: taking one out changes nothing, but not because nothing is there.
      for (const one of fitting) used.add(one);
      return fitting[0];
    },
    concerns: (id) => ids.has(id),
    remarks: ({ known, ran }) =>
      suppressions.flatMap((suppression) => {
        const { id, until } = suppression;
        const about = `suppression of \`${id}\` for \`${suppressedOf(suppression)}\``;
        if (!known.has(id)) return [{ id: 'EW-ACC-904', suppression, message: `there is no rule \`${id}\`` }];
        if (isOfSuppressions(id)) {
          return [
            {
              id: 'EW-ACC-904',
              suppression,
              message: `\`${id}\` is about suppressions and cannot be suppressed`,
            },
          ];
        }
        if (!isWhole(suppression)) {
          const missing =
            suppression.reason.trim() === '' ? '`reason`' : until === undefined ? '`until`' : '`subject`';
          return [
            { id: 'EW-ACC-903', suppression, message: `${about} has no ${missing} and does not count` },
          ];
        }
        if (!counts(suppression)) {
          return [{ id: 'EW-ACC-901', suppression, message: `${about} ended ${lastDay(suppression)}` }];
        }
        return used.has(suppression) || !ran.has(id) || !wasRead(suppression)
          ? []
          : [{ id: 'EW-ACC-902', suppression, message: `${about} hides nothing${starsIn(suppression)}` }];
      }),
  };
}

/** What it names, for a message. */
export function suppressedOf({ subject, object, fingerprint }: Suppression): string {
  return subject ?? object ?? fingerprint ?? '';
}

/** A remark on a suppression goes away when the suppression is mended. */
function isOfSuppressions(id: string): boolean {
  return suppressionRules.some((rule) => rule.id === id);
}

/** Whoever writes one expects a pattern. */
function starsIn({ subject = '', object = '', cluster = '' }: Suppression): string {
  return [subject, object, cluster].some((text) => text.includes('*'))
    ? ': `*` stands for itself, names are compared whole'
    : '';
}

/** By the narrowest of what it names. */
function keyOf({ id, fingerprint, subject, object }: Suppression): string {
  if (fingerprint !== undefined) return JSON.stringify([id, 'fingerprint', fingerprint]);
  return JSON.stringify(subject === undefined ? [id, 'object', object] : [id, 'subject', subject]);
}

function isWhole({ reason, until, subject, object, fingerprint }: Suppression): boolean {
  return (
    reason.trim() !== '' &&
    until !== undefined &&
    (subject !== undefined || object !== undefined || fingerprint !== undefined)
  );
}

/** The last day on which it counts. */
export function lastDay({ until }: Suppression): string {
  return until === undefined ? '' : new Date(until - 1).toISOString().slice(0, 10);
}
