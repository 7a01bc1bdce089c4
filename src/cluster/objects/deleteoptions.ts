import { type FieldError, invalidValue, notSupported } from '../../wire/kube/fielderror.ts';
import { isObject, type JsonObject, type JsonValue, printed } from '../../wire/kube/json.ts';
import { badRequest, invalid } from '../../wire/kube/status.ts';
import type { ResourceRequest } from '../context.ts';
import { decodeOptionalBody } from '../request/decode.ts';
import { optionalBoolean, writeOptions } from '../request/options.ts';
import { type DeletionWish, longestGrace, type Propagation } from './deletion.ts';

export interface DeleteOptions extends DeletionWish {
  readonly dryRun: boolean;
  /** The deleter named a propagation policy, in the old way or the new. */
  readonly isExplicit: boolean;
  /** `orphanDependents: false`, the old way to say that dependents go too. */
  readonly deletesDependents: boolean;
  readonly preconditions: Preconditions;
}

export interface Preconditions {
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
}

const policies: readonly Propagation[] = ['Foreground', 'Background', 'Orphan'];

/**
 * Options of a delete, from the body and the query (kubernetes-facts E8).
 *
 * COMPAT: upstream does not look at the query once there is a body; here what the body leaves out is taken from there, since
 * a policy that is passed over could delete what was to stay.
 *
 * SECURITY: a dryRun that is not understood refuses, in the body as in the query.
 */
export async function readDeleteOptions(request: ResourceRequest): Promise<DeleteOptions> {
  return deleteOptionsOf((await decodeOptionalBody(request)) ?? {}, request.query);
}

/** The options of a body or of an eviction, and what the query adds to them. */
export function deleteOptionsOf(body: JsonObject, asked: URLSearchParams): DeleteOptions {
  const { kind } = body;
  if (kind !== undefined && kind !== '' && kind !== 'DeleteOptions') {
    throw badRequest(`the kind in the body (${printed(kind)}) is not DeleteOptions`);
  }
  const query = new URLSearchParams(asked);
  for (const item of textList(body.dryRun)) query.append('dryRun', item);
  const { dryRun } = writeOptions(query, 'Delete');
  const preconditions = body.preconditions ?? {};
  if (!isObject(preconditions)) throw badRequest('preconditions are not an object');
  const orphans =
    optionalOf(body.orphanDependents, 'boolean', 'orphanDependents') ??
    optionalBoolean(query, 'orphanDependents');
  const policy =
    optionalOf(body.propagationPolicy, 'string', 'propagationPolicy') ??
    query.get('propagationPolicy') ??
    undefined;
  checkPolicy(orphans, policy);
  return {
    dryRun,
    preconditions: {
      uid: optionalOf(preconditions.uid, 'string', 'preconditions.uid'),
      resourceVersion: optionalOf(preconditions.resourceVersion, 'string', 'preconditions.resourceVersion'),
    },
    gracePeriod: gracePeriod(body, query),
    propagation: propagationOf(orphans, policy),
    isExplicit: orphans !== undefined || policy !== undefined,
    deletesDependents: orphans === false,
  };
}

function checkPolicy(orphans: boolean | undefined, policy: string | undefined): void {
  const errors: FieldError[] = [];
  const field = 'propagationPolicy';
  if (orphans !== undefined && policy !== undefined) {
    const detail = 'orphanDependents and deletionPropagation cannot be both set';
    errors.push(invalidValue(field, policy, detail));
  }
  if (policy !== undefined && !isPolicy(policy))
    errors.push(notSupported(field, policy, [...policies, 'nil']));
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', errors);
}

const isPolicy = (text: string): text is Propagation => policies.some((policy) => policy === text);

function propagationOf(orphans: boolean | undefined, policy: string | undefined): Propagation | undefined {
  if (orphans !== undefined) return orphans ? 'Orphan' : 'Background';
  return policy !== undefined && isPolicy(policy) ? policy : undefined;
}

/** Negative seconds count as one, as upstream decided after years of refusing and ignoring them. */
function gracePeriod(body: JsonObject, query: URLSearchParams): number | undefined {
  const given = optionalOf(body.gracePeriodSeconds, 'number', 'gracePeriodSeconds');
  const text = query.get('gracePeriodSeconds') ?? '';
  const seconds =
    given ?? (text === '' ? undefined : Number(/^-?[0-9]{1,15}$/.test(text) ? text : Number.NaN));
  if (seconds === undefined) return undefined;
  if (!Number.isInteger(seconds)) throw badRequest('gracePeriodSeconds is not an integer');
  return seconds < 0 ? 1 : Math.min(seconds, longestGrace);
}

function textList(value: JsonValue | undefined): readonly string[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  throw badRequest('dryRun is not a list of strings');
}

interface Types {
  readonly boolean: boolean;
  readonly number: number;
  readonly string: string;
}

function optionalOf<T extends keyof Types>(
  value: JsonValue | undefined,
  type: T,
  name: string,
): Types[T] | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === type) return value as Types[T];
  throw badRequest(`${name} is not a ${type}`);
}
