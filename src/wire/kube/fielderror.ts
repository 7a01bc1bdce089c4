import { quote } from '../../engine/rbac/quote.ts';

/** One finding of validation. */
export interface FieldError {
  readonly reason:
    | 'FieldValueRequired'
    | 'FieldValueInvalid'
    | 'FieldValueNotSupported'
    | 'FieldValueForbidden'
    | 'FieldValueDuplicate'
    | 'FieldValueTooLong'
    | 'FieldValueTooMany'
    | 'FieldValueTypeInvalid';
  /** Dotted path, `rules[0].verbs`. */
  readonly field: string;
  /** The text after `<field>: ` (E6). */
  readonly text: string;
}

function shown(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  return value === undefined ? 'null' : JSON.stringify(value);
}

function withDetail(head: string, detail: string): string {
  return detail === '' ? head : `${head}: ${detail}`;
}

export function required(field: string, detail = ''): FieldError {
  return { reason: 'FieldValueRequired', field, text: withDetail('Required value', detail) };
}

export function invalidValue(field: string, value: unknown, detail: string): FieldError {
  return { reason: 'FieldValueInvalid', field, text: withDetail(`Invalid value: ${shown(value)}`, detail) };
}

/** The same of a value that is no text, as a version of Kubernetes shows it: Go's way up to 1.33, as JSON since 1.34. */
export function invalidValueIn(
  minor: number,
  field: string,
  value: { readonly go: string; readonly json: unknown },
  detail: string,
): FieldError {
  if (minor >= 34) return invalidValue(field, value.json, detail);
  return { reason: 'FieldValueInvalid', field, text: withDetail(`Invalid value: ${value.go}`, detail) };
}

export function notSupported(field: string, value: unknown, supported: readonly string[]): FieldError {
  const list = supported.length === 0 ? '' : `supported values: ${supported.map(quote).join(', ')}`;
  return {
    reason: 'FieldValueNotSupported',
    field,
    text: withDetail(`Unsupported value: ${shown(value)}`, list),
  };
}

export function forbiddenField(field: string, detail: string): FieldError {
  return { reason: 'FieldValueForbidden', field, text: withDetail('Forbidden', detail) };
}

export function duplicate(field: string, value: unknown): FieldError {
  return { reason: 'FieldValueDuplicate', field, text: `Duplicate value: ${shown(value)}` };
}

/** A value of the wrong JSON type; `value` is what the message shows. */
export function typeInvalid(field: string, value: unknown, detail: string): FieldError {
  return { ...invalidValue(field, value, detail), reason: 'FieldValueTypeInvalid' };
}

export function tooMany(field: string, actual: number, maximum: number): FieldError {
  const items = maximum === 1 ? 'item' : 'items';
  return {
    reason: 'FieldValueTooMany',
    field,
    text: `Too many: ${actual}: must have at most ${maximum} ${items}`,
  };
}

export function tooLong(field: string, maxBytes: number): FieldError {
  return {
    reason: 'FieldValueTooLong',
    field,
    text: `Too long: may not be more than ${maxBytes} ${maxBytes === 1 ? 'byte' : 'bytes'}`,
  };
}
