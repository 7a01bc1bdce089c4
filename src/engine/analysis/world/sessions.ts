import { uniqueIdKind } from '../../arn/uniqueid.ts';
import type { PrefixIndex } from './prefixes.ts';

/**
 * Which sessions matter: whoever assumes a role chooses the session's name, a session has a key of its own, and a mapping may
 * make either part of the Kubernetes username or of a group. Then one principal can be everybody that a binding names and the
 * template can render.
 */
export interface SessionWish {
  readonly sessionName: string;
  /** Of a template with `{{EC2PrivateDNSName}}`: what the instance of the session's name is called. */
  readonly privateDnsName?: string;
  /** Of a template with `{{AccessKeyID}}`: the key that signs; absent: one that no binding knows. */
  readonly accessKeyId?: string;
}

/** Two wishes are the same exactly where this is. */
export function wishKey({ sessionName, privateDnsName = '', accessKeyId = '' }: SessionWish): string {
  return `${sessionName} ${privateDnsName} ${accessKeyId}`;
}

/** Stands for any session name in what is shown. */
export const anySession = 'SESSION';
/** A session whose name is no instance's cannot be mapped by a template with `{{EC2PrivateDNSName}}`. */
export const anyInstance: SessionWish = { sessionName: 'i-00000000000000000', privateDnsName: 'INSTANCE' };

const placeholder = /\{\{(SessionName|SessionNameRaw|EC2PrivateDNSName|AccessKeyID)\}\}/;

export function dependsOnSession(templates: readonly string[]): boolean {
  return templates.some((template) => placeholder.test(template));
}

/** The same, whatever key the session has. */
export function dependsOnSessionName(templates: readonly string[]): boolean {
  return dependsOnSession(templates.map((template) => template.replaceAll('{{AccessKeyID}}', '')));
}

/** Templates of one mapping, with everything filled in that does not depend on the session. */
export interface SessionTemplates {
  readonly username: string;
  readonly groups: readonly string[];
}

/**
 * The sessions worth looking at: one that stands for all, then one for each bound name that a template can become. `hasKey`
 * tells whether the principal may sign with a key of this id.
 */
export function sessionWishes(
  { username, groups }: SessionTemplates,
  bound: { readonly users: PrefixIndex; readonly groups: PrefixIndex },
  hasKey: (accessKeyId: string) => boolean,
): readonly SessionWish[] {
  const isOfInstances = [username, ...groups].some((template) => template.includes('{{EC2PrivateDNSName}}'));
  const usual: SessionWish = isOfInstances ? anyInstance : { sessionName: anySession };
  const wishes = new Map([[wishKey(usual), usual]]);
  const add = (template: string, names: PrefixIndex): void => {
    const pieces = piecesOf(template);
    if (pieces.length < 2) return;
    // Looking at every name for every role would take hours where there are many of both.
    for (const name of names.startingWith(pieces[0] ?? '')) {
      for (const values of valuesFor(pieces, name)) {
        if (!isPossible(values, { isOfInstances, hasKey })) continue;
        const wish: SessionWish = {
          // Each instance has a name of its own, so that each of these is another instance.
          sessionName:
            values.session ?? (values.dns === undefined ? usual.sessionName : instance(wishes.size)),
          ...(isOfInstances && { privateDnsName: values.dns ?? anyInstance.privateDnsName ?? '' }),
          ...(values.key !== undefined && { accessKeyId: values.key }),
        };
        wishes.set(values.dns === undefined ? wishKey(wish) : `instance ${JSON.stringify(values)}`, wish);
      }
    }
  };
  add(username, bound.users);
  for (const template of groups) add(template, bound.groups);
  return [...wishes.values()];
}

function instance(number: number): string {
  return anyInstance.sessionName.slice(0, -String(number).length) + String(number);
}

const sessionName = /^[\w+=,.@-]{2,64}$/;
const instanceId = /^i-(?:\w{8}|\w{17})$/;

function isPossible(
  { session, dns, key }: Values,
  { isOfInstances, hasKey }: { readonly isOfInstances: boolean; readonly hasKey: (key: string) => boolean },
): boolean {
  const kind = key === undefined ? undefined : uniqueIdKind(key);
  return (
    (session === undefined || (isOfInstances ? instanceId : sessionName).test(session)) &&
    (dns === undefined || /^[a-z0-9.-]+$/i.test(dns)) &&
    (key === undefined || ((kind === 'accessKey' || kind === 'sessionKey') && hasKey(key)))
  );
}

/** What stands in the places of the placeholders; absent: none has this value. */
interface Values {
  readonly session?: string;
  readonly dns?: string;
  readonly key?: string;
}

type Slot = 'session' | 'rawSession' | 'dns' | 'key';
const slots: Readonly<Record<string, Slot>> = {
  SessionName: 'session',
  SessionNameRaw: 'rawSession',
  EC2PrivateDNSName: 'dns',
  AccessKeyID: 'key',
};

/** Text, then a placeholder's name and text in turns. */
function piecesOf(template: string): readonly string[] {
  return template.split(placeholder);
}

/** Lengths that each kind of value can have; session names and keys as IAM limits them. */
const lengths = { dns: [1, 253], session: [2, 64], key: [16, 128] } as const;
type Kind = keyof typeof lengths;
const kindOf = (slot: Slot): Kind => (slot === 'rawSession' ? 'session' : slot);

/** All that the placeholders can stand for where the template renders to `name`. */
function* valuesFor(pieces: readonly string[], name: string): Iterable<Values> {
  const found = pieces.flatMap((piece, at) => (at % 2 === 1 ? [slots[piece] ?? 'session'] : []));
  const fixed = pieces.reduce((sum, piece, at) => (at % 2 === 0 ? sum + piece.length : sum), 0);
  // The values of one kind are equally long. All but one length are tried, and the last follows.
  const counts = Map.groupBy(found, kindOf);
  const kinds = [...counts.keys()];
  yield* withLengths(0, name.length - fixed, new Map());

  function* withLengths(at: number, left: number, chosen: Map<Kind, number>): Iterable<Values> {
    const kind = kinds[at];
    if (kind === undefined) {
      const values = left === 0 ? valuesWith(chosen) : undefined;
      if (values !== undefined) yield values;
      return;
    }
    const count = counts.get(kind)?.length ?? 1;
    const [shortest, longest] = lengths[kind];
    const isLast = at === kinds.length - 1;
    const most = Math.min(longest, Math.floor(left / count));
    for (let length = isLast ? Math.max(shortest, most) : shortest; length <= most; length++) {
      yield* withLengths(at + 1, left - count * length, chosen.set(kind, length));
    }
  }

  function valuesWith(chosen: ReadonlyMap<Kind, number>): Values | undefined {
    const values: { session?: string; rawSession?: string; dns?: string; key?: string } = {};
    let position = 0;
    for (const [at, piece] of pieces.entries()) {
      if (at % 2 === 0) {
        if (!name.startsWith(piece, position)) return undefined;
        position += piece.length;
        continue;
      }
      const slot = slots[piece] ?? 'session';
      const value = name.slice(position, position + (chosen.get(kindOf(slot)) ?? 0));
      if ((values[slot] ?? value) !== value) return undefined;
      values[slot] = value;
      position += value.length;
    }
    const { session, rawSession, dns, key } = values;
    // `{{SessionName}}` never has an `@`: it stands as `-` there (eks-access-facts B23).
    if (session?.includes('@') === true) return undefined;
    if (session !== undefined && rawSession !== undefined && rawSession.replaceAll('@', '-') !== session) {
      return undefined;
    }
    const own = rawSession ?? session;
    return {
      ...(own !== undefined && { session: own }),
      ...(dns !== undefined && { dns }),
      ...(key !== undefined && { key }),
    };
  }
}
