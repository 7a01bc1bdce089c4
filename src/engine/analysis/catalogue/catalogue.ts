import { lowerAscii } from '../../arn/case.ts';
import { compileWildcard } from '../../arn/wildcard.ts';
import { cloudtrail } from './cloudtrail.ts';
import { eks } from './eks.ts';
import { eksauth } from './eksauth.ts';
import { entryway } from './entryway.ts';
import { globalKeys } from './globalkeys.ts';
import { iam } from './iam.ts';
import type { KeyType, ScalarKeyType, ServiceText } from './servicetext.ts';
import { sts } from './sts.ts';

/** What is known of an action of a service of the catalogue. */
export interface KnownAction {
  /** `eks:CreateAccessEntry`, as AWS writes it. */
  readonly name: string;
  readonly lowerName: string;
  /** None: the action is judged on `*` (iam-facts B5). */
  readonly resourceTypes: readonly ResourceType[];
  /** May it come without a resource, although it has resource types? */
  readonly resourceOptional: boolean;
  /** Of the request; in lower case, tag keys as their prefix up to the slash. */
  readonly keys: ReadonlySet<string>;
  /** Carries what an identity provider says of somebody, under the provider's host. */
  readonly providerKeys: boolean;
}

export interface ResourceType {
  readonly name: string;
  /** ARN with `*` for what varies. */
  readonly arn: string;
  /** The same, for people: `arn:<Partition>:eks:<Region>:<Account>:cluster/<ClusterName>`. */
  readonly form: string;
  /** As `KnownAction.keys`, of the resource. */
  readonly keys: ReadonlySet<string>;
}

export interface ConditionKey {
  /** As AWS writes it; tag keys end in their slash. */
  readonly name: string;
  readonly type: ScalarKeyType;
  readonly multiValued: boolean;
  /** Carried by every action, where the request has it at all. */
  readonly global: boolean;
}

interface Service {
  readonly prefix: string;
  readonly actions: ReadonlyMap<string, KnownAction>;
}

const texts: readonly ServiceText[] = [eks, eksauth, iam, sts, cloudtrail, entryway];

const services: ReadonlyMap<string, Service> = new Map(texts.map((text) => [text.prefix, readService(text)]));

/** Every action of the catalogue. */
export const knownActions: readonly KnownAction[] = [...services.values()].flatMap(({ actions }) => [
  ...actions.values(),
]);

/** Is every action of this service in the catalogue? */
export function isKnownService(prefix: string): boolean {
  return services.has(lowerAscii(prefix));
}

/** The actions a pattern of an Action element covers, without regard to case (iam-facts B1). */
export function actionsMatching(pattern: string): readonly KnownAction[] {
  const lower = lowerAscii(pattern);
  const prefix = lower.slice(0, Math.max(0, lower.indexOf(':')));
  const candidates = /[*?]/.test(lower.split(':')[0] ?? '') ? knownActions : actionsOf(prefix);
  const matches = compileWildcard(lower);
  return candidates.filter(({ lowerName }) => matches(lowerName));
}

function actionsOf(prefix: string): readonly KnownAction[] {
  return [...(services.get(prefix)?.actions.values() ?? [])];
}

/** The form in which keys are kept: lower case, and of families of keys (`aws:PrincipalTag/team`) what they share (iam-facts D2). */
function keyFamily(key: string): string {
  const lower = key.toLowerCase();
  const slash = lower.indexOf('/');
  const family = lower.slice(0, slash + 1);
  return slash > 0 && conditionKeys.has(family) ? family : lower;
}

/** Undefined for a key the catalogue does not have; keys of identity providers are never in it. */
export function conditionKey(key: string): ConditionKey | undefined {
  return conditionKeys.get(keyFamily(key));
}

/** Every condition key of the catalogue. */
export function knownConditionKeys(): readonly ConditionKey[] {
  return [...conditionKeys.values()];
}

/**
 * `token.actions.githubusercontent.com:sub`: begins with a host, a path may follow (iam-facts F4.5). Providers name their
 * claims themselves, so any name is one.
 */
export function isProviderKey(key: string): boolean {
  return /^[a-z0-9-]+(?:\.[a-z0-9-]+)+(?:\/[^:]*)?:/i.test(key) || key.toLowerCase().startsWith('saml:');
}

/** Can a request for this action have the key, from the call itself or from the resource it is about? */
export function carriesKey(action: KnownAction, key: string): boolean {
  const family = keyFamily(key);
  if (conditionKeys.get(family)?.global === true) return true;
  if (isProviderKey(key) && action.providerKeys) return true;
  return action.keys.has(family) || action.resourceTypes.some(({ keys }) => keys.has(family));
}

const conditionKeys: ReadonlyMap<string, ConditionKey> = new Map(
  [
    ...readKeys(globalKeys, true),
    ...readKeys({ String: 'aws:RequestTag/ aws:ResourceTag/', ArrayOfString: 'aws:TagKeys' }, false),
    ...texts.flatMap(({ keys }) => readKeys(keys, false)),
  ].map((key) => [key.name.toLowerCase(), key]),
);

function readKeys(text: ServiceText['keys'], global: boolean): readonly ConditionKey[] {
  return (Object.entries(text) as [KeyType, string][]).flatMap(([type, names]) => {
    const multiValued = type === 'ArrayOfString' || type === 'ArrayOfARN';
    const scalar = type === 'ArrayOfString' ? 'String' : type === 'ArrayOfARN' ? 'ARN' : type;
    return words(names).map((name) => ({ name, type: scalar, multiValued, global }));
  });
}

function readService({ prefix, resources, actions }: ServiceText): Service {
  const types = new Map(
    Object.entries(resources).map(([name, text]): [string, ResourceType] => {
      const [form = '', ...keys] = words(text);
      const arn = form.replace(/<[^<>]*>/g, '*');
      return [name, { name, arn, form, keys: new Set(keys.map((key) => key.toLowerCase())) }];
    }),
  );
  return {
    prefix,
    actions: new Map(
      Object.entries(actions).map(([name, text]) => {
        const action = readAction(`${prefix}:${name}`, words(text), types);
        return [action.lowerName, action];
      }),
    ),
  };
}

function readAction(
  name: string,
  text: readonly string[],
  types: ReadonlyMap<string, ResourceType>,
): KnownAction {
  const keys = text.filter((word) => word.includes(':'));
  const named = text.filter((word) => !word.includes(':') && word !== 'PROVIDER');
  return {
    name,
    lowerName: lowerAscii(name),
    resourceTypes: named.map((word) => types.get(word.replace('?', ''))).filter((type) => type !== undefined),
    resourceOptional: named.every((word) => word.endsWith('?')),
    keys: new Set(keys.map((key) => key.toLowerCase())),
    providerKeys: text.includes('PROVIDER'),
  };
}

function words(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
