import { type ExplainedRefusals, explainRefusals, type Refusal } from '../../engine/analysis/explain/last.ts';
import type { World } from '../../engine/analysis/world/world.ts';
import { type Fields, isFields, textAt } from '../usage/fields.ts';
import { callRefusal } from './call.ts';
import { requestRefusal } from './request.ts';

export interface LastOptions {
  /** At most so many. */
  readonly count: number;
  /** Names or ARNs of clusters; absent: what concerns none of them as well. */
  readonly clusters?: readonly string[];
}

/**
 * The newest refusals among records of a trail (CloudTrail records and Kubernetes audit events, newest first), each held
 * against what holds in the snapshot. What failed for another reason than that it was not allowed is left out.
 */
export function explainLast(
  world: World,
  records: readonly unknown[],
  { count, clusters }: LastOptions,
): ExplainedRefusals {
  const found: Refusal[] = [];
  for (const record of records) {
    if (found.length === count) break;
    const refusal = isFields(record) ? refusalOf(record) : undefined;
    if (refusal !== undefined && isAbout(refusal, clusters)) found.push(refusal);
  }
  return explainRefusals(world, found);
}

/** Undefined for what was allowed, or failed for another reason. */
function refusalOf(record: Fields): Refusal | undefined {
  return textAt(record, 'kind') === 'Event' ? requestRefusal(record) : callRefusal(record);
}

/** Calls of AWS are about a cluster where one of their resources is it, or in it. */
function isAbout({ cluster, uses }: Refusal, wanted: readonly string[] | undefined): boolean {
  if (wanted === undefined) return true;
  const arns = [cluster, ...uses.flatMap(({ did }) => (did.kind === 'aws' ? did.resources : []))].flatMap(
    (arn) => arn ?? [],
  );
  return arns.some((arn) => wanted.some((one) => arn === one || clusterName(arn) === one));
}

/** `prod` of its own ARN, and of one of an access entry, a node group … of it. */
function clusterName(arn: string): string | undefined {
  return /^arn:[^:]*:eks:[^:]*:[^:]*:[a-z-]+\/([^/]+)/.exec(arn)?.[1];
}
