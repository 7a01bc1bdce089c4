import type { AwsEvent, KubernetesEvent, TrailEvent } from './event.ts';

export const severities = ['high', 'medium', 'low'] as const;
export type Severity = (typeof severities)[number];

/** What a rule saw in one event. */
export interface Finding {
  /** What it is about: findings of one rule and subject belong together. */
  readonly subject: string;
  /** One line for a person. */
  readonly summary: string;
}

interface RuleText {
  /** Never used again for something else, also when the rule goes away. */
  readonly id: `EW-TRAIL-${string}`;
  readonly severity: Severity;
  readonly title: string;
  /** Why somebody should care. */
  readonly why: string;
  /** What to look at next. */
  readonly look: string;
}

/** Every finding is an alert. */
export interface EventRule extends RuleText {
  readonly kind: 'event';
  readonly find: (event: TrailEvent) => Finding | undefined;
}

/**
 * An alert when a subject has `atLeast` findings within one window, once for each window. Windows are counted from the
 * epoch, so that reading the trail again, from anywhere, finds the same alerts.
 */
export interface CountRule extends RuleText {
  readonly kind: 'count';
  readonly atLeast: number;
  readonly windowMs: number;
  readonly find: (event: TrailEvent) => CountedFinding | undefined;
}

export interface CountedFinding extends Finding {
  /** When given, different values are counted instead of findings. */
  readonly distinct?: string;
}

export type AlertRule = EventRule | CountRule;

export const minute = 60_000;
export const hour = 60 * minute;

/** A `find` that looks at AWS calls only. */
export function onAws<Found extends Finding>(
  find: (event: AwsEvent) => Found | undefined,
): (event: TrailEvent) => Found | undefined {
  return (event) => (event.kind === 'aws' ? find(event) : undefined);
}

/** A `find` that looks at Kubernetes requests only. */
export function onKubernetes<Found extends Finding>(
  find: (event: KubernetesEvent) => Found | undefined,
): (event: TrailEvent) => Found | undefined {
  return (event) => (event.kind === 'kubernetes' ? find(event) : undefined);
}
