import type { AwsAuth, AwsAuthRole, AwsAuthUser } from '../engine/identity/awsauth.ts';
import { compileSsoPattern, type SsoPattern } from '../engine/identity/sso.ts';
import { type AwsAuthSchema, brokenYaml, valueOfYaml } from '../wire/awsauth/yaml.ts';

/** The keys of kube-system/aws-auth, by case (eks-access-facts G1). */
export const awsAuthKeys = ['mapRoles', 'mapUsers', 'mapAccounts'] as const;
export type AwsAuthKey = (typeof awsAuthKeys)[number];

export interface ParsedAwsAuth {
  readonly awsAuth: AwsAuth;
  /** What was dropped and why, one line each, without values from the text. */
  readonly errors: readonly string[];
  /** The same key by key. */
  readonly keys: Readonly<Record<AwsAuthKey, ParsedAwsAuthKey>>;
}

export interface ParsedAwsAuthKey {
  /** Whether the key is missing, or has a value that counts as none (eks-access-facts G6). */
  readonly isAbsent: boolean;
  readonly errors: readonly string[];
}

/** Values that count as absent (eks-access-facts G6). */
const emptyValues = new Set(['', '""', "''", '``']);

/** A whole ConfigMap holds 1 MiB. Reading is done while the store is followed, so it must end soon. */
const maximumLength = 1_048_576;

/**
 * Reads the data of kube-system/aws-auth as the authenticator does (eks-access-facts G2 to G9, token-facts 7): each
 * key by itself, bad items dropped and good ones kept, a field of the wrong type empty. Key names count by case,
 * names inside items do not.
 *
 * COMPAT: YAML with the same name twice in one item is broken here, and its key is dropped.
 */
export function parseAwsAuth(data: Readonly<Record<string, unknown>>): ParsedAwsAuth {
  const errorsOf = { mapRoles: [] as string[], mapUsers: [] as string[], mapAccounts: [] as string[] };
  const awsAuth: AwsAuth = {
    roles: itemsOf(data, 'mapRoles', errorsOf.mapRoles).flatMap((item, at) =>
      readRole(item, `mapRoles[${at}]`, errorsOf.mapRoles),
    ),
    users: itemsOf(data, 'mapUsers', errorsOf.mapUsers).flatMap((item, at) =>
      readUser(item, `mapUsers[${at}]`, errorsOf.mapUsers),
    ),
    accounts: readAccounts(data, errorsOf.mapAccounts),
  };
  const keyOf = (key: AwsAuthKey): ParsedAwsAuthKey => {
    const errors = errorsOf[key];
    return { isAbsent: errors.length === 0 && textOf(data, key, []) === undefined, errors };
  };
  return {
    awsAuth,
    errors: awsAuthKeys.flatMap((key) => errorsOf[key]),
    keys: { mapRoles: keyOf('mapRoles'), mapUsers: keyOf('mapUsers'), mapAccounts: keyOf('mapAccounts') },
  };
}

/** The text under a key, or undefined where there is none that counts. */
function textOf(data: Readonly<Record<string, unknown>>, key: string, errors: string[]): string | undefined {
  if (!Object.hasOwn(data, key)) return undefined;
  const value = data[key];
  // An API server makes an empty text of it.
  if (value === null) return undefined;
  if (typeof value !== 'string') {
    errors.push(`${key} is not text`);
    return undefined;
  }
  if (value.length > maximumLength) {
    errors.push(`${key} is longer than a ConfigMap can be`);
    return undefined;
  }
  return emptyValues.has(value.trim()) ? undefined : value;
}

/** A list under a key; its elements are not judged yet. Broken YAML empties the key, and only it. */
function listOf(
  data: Readonly<Record<string, unknown>>,
  key: string,
  schema: AwsAuthSchema,
  errors: string[],
): readonly unknown[] {
  const text = textOf(data, key, errors);
  if (text === undefined) return [];
  const value = valueOfYaml(text, schema);
  if (value === brokenYaml) {
    errors.push(`${key} is not valid YAML`);
    return [];
  }
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value;
  errors.push(`${key} is not a list`);
  return [];
}

function itemsOf(data: Readonly<Record<string, unknown>>, key: string, errors: string[]): readonly unknown[] {
  return listOf(data, key, 'yaml-1.1', errors);
}

/** Accounts are read as text whatever they look like, so that `012345678901` keeps its zero (G9). */
function readAccounts(data: Readonly<Record<string, unknown>>, errors: string[]): readonly string[] {
  return listOf(data, 'mapAccounts', 'failsafe', errors).flatMap((account, at) => {
    if (typeof account === 'string') return [account];
    errors.push(`mapAccounts[${at}] is not text`);
    return [];
  });
}

type Fields = ReadonlyMap<string, unknown>;

/**
 * An item's fields by lower-case name. Where two names differ only in case the later in byte order counts, which is
 * what the detour through sorted JSON gives in the authenticator.
 */
function fieldsOf(item: unknown): Fields | undefined {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return undefined;
  const names = Object.keys(item).sort();
  const source = item as Readonly<Record<string, unknown>>;
  return new Map(
    names.map((name) => [name.replace(/[A-Z]/g, (letter) => letter.toLowerCase()), source[name]]),
  );
}

/** A text field: absent and null are '', any other type is an error and '' (G4). */
function textField(fields: Fields, name: string, where: string, errors: string[]): string {
  const value = fields.get(name);
  if (typeof value === 'string') return value;
  if (value !== undefined && value !== null) errors.push(`${where}.${name} is not text`);
  return '';
}

function groupsField(fields: Fields, where: string, errors: string[]): readonly string[] {
  const value = fields.get('groups');
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) {
    errors.push(`${where}.groups is not a list`);
    return [];
  }
  return value.flatMap((group, at) => {
    if (typeof group === 'string') return [group];
    errors.push(`${where}.groups[${at}] is not text`);
    return [];
  });
}

function readRole(item: unknown, where: string, errors: string[]): readonly AwsAuthRole[] {
  const fields = fieldsOf(item);
  if (fields === undefined) {
    errors.push(`${where} is no mapping`);
    return [];
  }
  const rolearn = textField(fields, 'rolearn', where, errors);
  const sso = ssoField(fields, where, errors);
  const username = textField(fields, 'username', where, errors);
  const groups = groupsField(fields, where, errors);
  if (sso === 'bad') return [];
  if (rolearn !== '' && sso !== undefined) {
    errors.push(`${where}: only one of rolearn or SSO can be supplied`);
    return [];
  }
  if (rolearn !== '') return [{ rolearn, username, groups }];
  if (sso !== undefined) return [{ sso, username, groups }];
  errors.push(`${where}: one of rolearn or SSO must be supplied`);
  return [];
}

function ssoField(fields: Fields, where: string, errors: string[]): SsoPattern | undefined | 'bad' {
  const value = fields.get('sso');
  if (value === undefined || value === null) return undefined;
  const inner = fieldsOf(value);
  if (inner === undefined) {
    errors.push(`${where}.sso is no mapping`);
    return 'bad';
  }
  const partition = textField(inner, 'partition', `${where}.sso`, errors);
  const sso: SsoPattern = {
    permissionSetName: textField(inner, 'permissionsetname', `${where}.sso`, errors),
    accountID: textField(inner, 'accountid', `${where}.sso`, errors),
    ...(partition === '' ? {} : { partition }),
  };
  if (compileSsoPattern(sso) !== undefined) return sso;
  errors.push(`${where}.sso is no permission set of an account`);
  return 'bad';
}

function readUser(item: unknown, where: string, errors: string[]): readonly AwsAuthUser[] {
  const fields = fieldsOf(item);
  if (fields === undefined) {
    errors.push(`${where} is no mapping`);
    return [];
  }
  const userarn = textField(fields, 'userarn', where, errors);
  const username = textField(fields, 'username', where, errors);
  const groups = groupsField(fields, where, errors);
  if (userarn !== '') return [{ userarn, username, groups }];
  errors.push(`${where}: value for userarn must be supplied`);
  return [];
}
