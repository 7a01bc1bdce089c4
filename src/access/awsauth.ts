import { Composer, type Document, isScalar, Parser, type Tags, visit } from 'yaml';
import type { AwsAuth, AwsAuthRole, AwsAuthUser } from '../engine/identity/awsauth.ts';
import { compileSsoPattern, type SsoPattern } from '../engine/identity/sso.ts';

export interface ParsedAwsAuth {
  readonly awsAuth: AwsAuth;
  /** What was dropped and why, one line each, without values from the text. */
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
  const errors: string[] = [];
  return {
    awsAuth: {
      roles: itemsOf(data, 'mapRoles', errors).flatMap((item, at) =>
        readRole(item, `mapRoles[${at}]`, errors),
      ),
      users: itemsOf(data, 'mapUsers', errors).flatMap((item, at) =>
        readUser(item, `mapUsers[${at}]`, errors),
      ),
      accounts: readAccounts(data, errors),
    },
    errors,
  };
}

/** The text under a key, or undefined where there is none that counts. */
function textOf(data: Readonly<Record<string, unknown>>, key: string, errors: string[]): string | undefined {
  if (!Object.hasOwn(data, key)) return undefined;
  const value = data[key];
  if (typeof value !== 'string') {
    errors.push(`${key} is not text`);
    return undefined;
  }
  if (value.length > maximumLength) {
    errors.push(`${key} is longer than a ConfigMap can be; all of it is dropped`);
    return undefined;
  }
  return emptyValues.has(value.trim()) ? undefined : value;
}

/** A list under a key; its elements are not judged yet. Broken YAML empties the key, and only it. */
function listOf(
  data: Readonly<Record<string, unknown>>,
  key: string,
  schema: 'yaml-1.1' | 'failsafe',
  errors: string[],
): readonly unknown[] {
  const text = textOf(data, key, errors);
  if (text === undefined) return [];
  const value = valueOfYaml(text, schema);
  if (value === brokenYaml) {
    errors.push(`${key} is not valid YAML; all of it is dropped`);
    return [];
  }
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value;
  errors.push(`${key} is not a list; all of it is dropped`);
  return [];
}

const brokenYaml = Symbol('broken YAML');

function valueOfYaml(text: string, schema: 'yaml-1.1' | 'failsafe'): unknown {
  try {
    const document = composeOne(text, schema);
    if (document === undefined) return undefined;
    if (document.errors.length > 0 || hasRepeatedName(document)) return brokenYaml;
    // Throws for a text whose aliases multiply without end, and for one nested deeper than the call stack.
    return document.toJS({ maxAliasCount: 100 });
  } catch {
    return brokenYaml;
  }
}

/**
 * The only document of the text; undefined where there is none.
 *
 * SECURITY: the library takes minutes for some texts of a megabyte, and every server that follows the store would stand
 * still, after each start again. It collects errors at quadratic cost, so here the first one ends the reading; it
 * compares all names of a mapping with one another, so `hasRepeatedName` does that instead; and ordered maps and sets,
 * which do the same, are no types here.
 */
function composeOne(text: string, schema: 'yaml-1.1' | 'failsafe'): Document | undefined {
  const composer = new Composer({
    schema,
    version: '1.1',
    logLevel: 'silent',
    uniqueKeys: false,
    customTags: withoutComparingTypes,
  });
  Object.assign(composer, {
    onError(_source: unknown, code: string, _message: string, isWarning?: boolean): void {
      if (isWarning !== true) throw new Error(code);
    },
  });
  const [document, ...more] = composer.compose(new Parser().parse(text));
  if (more.length > 0) throw new Error('several documents');
  return document;
}

const comparingTypes = new Set([
  'tag:yaml.org,2002:omap',
  'tag:yaml.org,2002:set',
  'tag:yaml.org,2002:pairs',
]);

function withoutComparingTypes(tags: Tags): Tags {
  return tags.filter((tag) => typeof tag !== 'object' || !comparingTypes.has(tag.tag));
}

function hasRepeatedName(document: Document): boolean {
  let repeated = false;
  visit(document, {
    Map(_, { items }) {
      const names = items.map(({ key }) => (isScalar(key) ? key.value : key)).filter((name) => name !== '<<');
      if (new Set(names).size === names.length) return undefined;
      repeated = true;
      return visit.BREAK;
    },
  });
  return repeated;
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
