import { type FieldError, notSupported, tooLong } from '../../wire/kube/fielderror.ts';
import { badRequest, invalid } from '../../wire/kube/status.ts';

/** `true`/`1` and the like as Go reads them; absent is false, anything else a 400. */
export function booleanParameter(query: URLSearchParams, name: string): boolean {
  return optionalBoolean(query, name) ?? false;
}

export function optionalBoolean(query: URLSearchParams, name: string): boolean | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  if (/^(1|t|T|true|TRUE|True)$/.test(text)) return true;
  if (/^(0|f|F|false|FALSE|False)$/.test(text)) return false;
  throw badRequest(`invalid value \`${text}\` of parameter ${name}: not a boolean`);
}

/** A non-negative integer; undefined when absent. */
export function integerParameter(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  if (!/^[0-9]{1,15}$/.test(text)) {
    throw badRequest(`invalid value \`${text}\` of parameter ${name}: not a non-negative integer`);
  }
  return Number(text);
}

export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

export interface WriteOptions {
  readonly dryRun: boolean;
  readonly fieldValidation: FieldValidation;
}

/**
 * `dryRun` and `fieldValidation` of a write.
 *
 * SECURITY: a dryRun value that is not understood refuses the request; taking it for "no dry run" would write.
 */
export function writeOptions(query: URLSearchParams, kind: string): WriteOptions {
  const errors: FieldError[] = [];
  const dryRun = query.getAll('dryRun').filter((value) => value !== '');
  const unknown = dryRun.find((value) => value !== 'All');
  if (unknown !== undefined) {
    errors.push(notSupported('dryRun', unknown, ['All']));
  }
  const fieldValidation = query.get('fieldValidation') || 'Warn';
  if (fieldValidation !== 'Strict' && fieldValidation !== 'Warn' && fieldValidation !== 'Ignore') {
    errors.push(notSupported('fieldValidation', fieldValidation, ['Ignore', 'Strict', 'Warn']));
  }
  const fieldManager = query.get('fieldManager') ?? '';
  if (fieldManager.length > 128) {
    errors.push(tooLong('fieldManager', 128));
  }
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: `${kind}Options` }, '', errors);
  return { dryRun: dryRun.length > 0, fieldValidation: fieldValidation as FieldValidation };
}
