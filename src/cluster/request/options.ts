import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
  tooLong,
} from '../../wire/kube/fielderror.ts';
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
  /** Take fields from other managers; only an apply may. */
  readonly force: boolean;
}

/** Bytes of a field manager's name. */
const maximumManagerBytes = 128;

/**
 * `dryRun`, `fieldValidation`, `fieldManager` and `force` of a write.
 *
 * SECURITY: a dryRun value that is not understood refuses the request; taking it for "no dry run" would write.
 */
export function writeOptions(
  query: URLSearchParams,
  kind: 'Create' | 'Update' | 'Patch' | 'Apply' | 'Delete',
): WriteOptions {
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
  const force = optionalBoolean(query, 'force');
  const fieldManager = query.get('fieldManager') ?? '';
  if (kind === 'Apply' && fieldManager === '') {
    errors.push(required('fieldManager', 'is required for apply patch'));
  }
  if (kind === 'Patch' && force !== undefined) {
    errors.push(forbiddenField('force', 'may not be specified for non-apply patch'));
  }
  errors.push(...fieldManagerErrors(fieldManager));
  const options = kind === 'Apply' ? 'PatchOptions' : `${kind}Options`;
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: options }, '', errors);
  return {
    dryRun: dryRun.length > 0,
    fieldValidation: fieldValidation as FieldValidation,
    force: force === true,
  };
}

/** Go's `unicode.IsPrint`: letters, marks, numbers, punctuation, symbols and the plain blank. */
const unprintable = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u;

function fieldManagerErrors(manager: string): readonly FieldError[] {
  if (Buffer.byteLength(manager) > maximumManagerBytes) return [tooLong('fieldManager', maximumManagerBytes)];
  const found = unprintable.exec(manager);
  if (found === null) return [];
  const code = (found[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  const at = Buffer.byteLength(manager.slice(0, found.index));
  return [invalidValue('fieldManager', manager, `invalid character U+${code} (at position ${at})`)];
}

/**
 * Who writes: `fieldManager`, or the User-Agent up to its first `/` (kubernetes-facts E13), cut to what a manager's name
 * may be; `unknown` when nothing is left.
 */
export function fieldManagerOf(query: URLSearchParams, userAgent: string | undefined): string {
  const given = query.get('fieldManager') ?? '';
  if (given !== '') return given;
  let name = '';
  let bytes = 0;
  for (const char of (userAgent ?? '').split('/', 1)[0] ?? '') {
    if (unprintable.test(char)) continue;
    bytes += Buffer.byteLength(char);
    if (bytes > maximumManagerBytes) break;
    name += char;
  }
  return name === '' ? 'unknown' : name;
}
