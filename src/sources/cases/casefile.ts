import type { AccessCase, WantedIdentity } from '../../engine/analysis/accesscases/accesscases.ts';
import { Misasked } from '../../engine/analysis/ask/misasked.ts';
import { onlyCluster } from '../../engine/analysis/ask/onlycluster.ts';
import { parseSubject } from '../../engine/analysis/ask/subject.ts';
import { sessionNameIn } from '../../engine/analysis/explain/session.ts';
import type { Place } from '../../engine/analysis/snapshot/snapshot.ts';
import type { ClusterWorld } from '../../engine/analysis/world/cluster.ts';
import type { Question } from '../../engine/analysis/world/question.ts';
import type { World } from '../../engine/analysis/world/world.ts';
import { isAskedInNamespaces, parseQuestion } from '../../wire/kube/question.ts';
import { documentsIn, type FileDocument } from '../files/text/documents.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * The cases of a file: `cases: [...]` in YAML or JSON. Throws Misasked with the place for whatever is not understood: a
 * case that is skipped would be one that holds.
 */
export function readCases(file: string, text: string, world: World): readonly AccessCase[] {
  const cases: AccessCase[] = [];
  let documents = 0;
  for (const document of documentsIn(file, text)) {
    if ('fault' in document) throw misuse(document.place, document.fault);
    documents++;
    cases.push(...casesOf(document, world));
  }
  if (documents === 0) throw misuse({ file, line: 1, column: 1 }, 'there is nothing in it', 'write `cases:`');
  return cases;
}

/** The cases of one document. */
export function casesOf({ value, placeOf }: FileDocument, world: World): readonly AccessCase[] {
  const list = isFields(value) ? value.cases : undefined;
  if (!isFields(value) || !Array.isArray(list) || list.length === 0) {
    throw misuse(placeOf(), 'a list `cases` is expected', 'see docs/howto/test-access.md');
  }
  refuseUnknown(value, ['cases'], placeOf());
  return list.flatMap((one) => readCase(one, placeOf(one), world));
}

function readCase(value: unknown, place: Place, world: World): readonly AccessCase[] {
  if (!isFields(value))
    throw misuse(place, 'a case is a mapping', 'begin it with `as:`, `whoCan:` or `identity:`');
  return placed(place, () => {
    const cluster = clusterOf(value, world);
    if (value.as !== undefined) return decisionCases(value, { place, cluster });
    if (value.whoCan !== undefined) return [whoCanCase(value, { place, cluster })];
    if (value.identity !== undefined) return [identityCase(value, { place, cluster })];
    throw new Misasked('a case begins with `as`, `whoCan` or `identity`');
  });
}

interface At {
  readonly place: Place;
  readonly cluster: ClusterWorld;
}

/** `as: WHO` (or several) with `can` and `cannot`: one case for each pair. */
function decisionCases(fields: Fields, at: At): readonly AccessCase[] {
  refuseUnknown(fields, ['name', 'cluster', 'as', 'can', 'cannot'], at.place);
  const cases = texts(fields, 'as').flatMap((who) => {
    const subject = parseSubject(who, at.cluster);
    return (['can', 'cannot'] as const).flatMap((kind) =>
      texts(fields, kind).map(
        (text): AccessCase => ({
          ...{ ...at, kind, subject, ...asked(text), ...session(who) },
          name: named(fields, `${who} ${kind} ${text}`),
        }),
      ),
    );
  });
  if (cases.length === 0) throw new Misasked('`as` needs `can` or `cannot`');
  return cases;
}

function whoCanCase(fields: Fields, at: At): AccessCase {
  const sets = ['exactly', 'include', 'exclude'] as const;
  refuseUnknown(fields, ['name', 'cluster', 'whoCan', ...sets], at.place);
  const question = text(fields, 'whoCan');
  const given = sets.filter((set) => fields[set] !== undefined);
  if (given.length === 0) throw new Misasked('`whoCan` needs `exactly`, `include` or `exclude`');
  const subjects = given.map((set) => [
    set,
    texts(fields, set, { mayBeEmpty: set === 'exactly' }).map((who) => parseSubject(who, at.cluster)),
  ]);
  return {
    ...{ ...at, kind: 'whoCan', ...asked(question) },
    ...Object.fromEntries(subjects),
    name: named(fields, `who can ${question}`),
  };
}

/** `is: nobody`, or `username` and `groups`, of which at least one is given. */
function identityCase(fields: Fields, at: At): AccessCase {
  refuseUnknown(fields, ['name', 'cluster', 'identity', 'is', 'username', 'groups'], at.place);
  const who = text(fields, 'identity');
  const isUser = fields.username !== undefined || fields.groups !== undefined;
  if (fields.is !== undefined && (fields.is !== 'nobody' || isUser)) {
    throw new Misasked('`is` can only be `nobody`, without `username` and `groups`');
  }
  if (fields.is === undefined && !isUser) {
    throw new Misasked('`identity` needs `username`, `groups` or `is: nobody`');
  }
  const wanted: WantedIdentity =
    fields.is === 'nobody'
      ? { is: 'nobody' }
      : {
          is: 'user',
          ...(fields.username !== undefined && { username: text(fields, 'username') }),
          ...(fields.groups !== undefined && { groups: texts(fields, 'groups', { mayBeEmpty: true }) }),
        };
  return {
    ...{ ...at, kind: 'identity', subject: parseSubject(who, at.cluster), ...session(who), wanted },
    name: named(
      fields,
      `${who} is ${wanted.is === 'nobody' ? 'nobody' : (wanted.username ?? 'in its groups')}`,
    ),
  };
}

/** The very session whose ARN is written, else any of the role. */
function session(who: string): { readonly sessionName?: string } {
  const sessionName = sessionNameIn(who);
  return sessionName === undefined ? {} : { sessionName };
}

function asked(line: string): { readonly question: Question; readonly anyNamespace: boolean } {
  const question = questionOf(line);
  const isOpen = question.kind === 'resource' && question.namespace === '';
  // Of resources of one's own it is not known whether they are in namespaces.
  return { question, anyNamespace: isOpen && isAskedInNamespaces(question) !== false };
}

/** `get secrets -n shop --name db`, as on the command line. */
function questionOf(line: string): Question {
  const [verb = '', resource = '', ...rest] = line.trim().split(/\s+/);
  const options: { namespace?: string; name?: string } = {};
  const names = { '-n': 'namespace', '--namespace': 'namespace', '--name': 'name' } as const;
  while (rest.length > 0) {
    const [option = '', value = ''] = rest.splice(0, 2);
    const name = names[option as keyof typeof names];
    if (!Object.hasOwn(names, option) || name === undefined || value === '' || options[name] !== undefined) {
      throw new Misasked(`\`${line}\` is no question`, 'write it as: get secrets -n shop --name db');
    }
    options[name] = value;
  }
  if (resource === '') {
    throw new Misasked(`\`${line}\` is no question`, 'write it as: get secrets -n shop');
  }
  return parseQuestion(verb, resource, options);
}

function clusterOf(fields: Fields, world: World): ClusterWorld {
  if (fields.cluster === undefined) return onlyCluster(world);
  const wanted = text(fields, 'cluster');
  const found = world.clusters.filter(({ cluster }) => cluster.name === wanted || cluster.arn === wanted);
  const [cluster, ...others] = found;
  if (cluster === undefined) {
    const names = world.clusters.map(({ cluster: { name } }) => `\`${name}\``).join(', ');
    throw new Misasked(`there is no cluster \`${wanted}\` in what was read`, `there is ${names || 'none'}`);
  }
  if (others.length > 0) {
    throw new Misasked(`several clusters are called \`${wanted}\``, 'write the ARN of one');
  }
  return cluster;
}

function named(fields: Fields, otherwise: string): string {
  return fields.name === undefined ? otherwise : `${text(fields, 'name')}: ${otherwise}`;
}

function text(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string' || value === '') throw new Misasked(`\`${name}\` is not a text`);
  return value;
}

/** A text, or a list of them. */
function texts(
  fields: Fields,
  name: string,
  { mayBeEmpty = false }: { readonly mayBeEmpty?: boolean } = {},
): readonly string[] {
  const value = fields[name];
  if (value === undefined) return [];
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const isSound = list.every((item): item is string => typeof item === 'string' && item !== '');
  if (!isSound || (list.length === 0 && !mayBeEmpty)) {
    throw new Misasked(`\`${name}\` is not a text or a list of texts`);
  }
  return list as readonly string[];
}

function refuseUnknown(fields: Fields, known: readonly string[], place: Place): void {
  const unknown = Object.keys(fields).find((name) => !known.includes(name));
  if (unknown !== undefined) throw misuse(place, `\`${unknown}\` is none of ${known.join(', ')}`);
}

/** Runs what may find a fault, which is then told with the place of the case. */
function placed<Value>(place: Place, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    if (error instanceof Misasked) throw misuse(place, error.message, error.hint);
    throw error;
  }
}

function misuse({ file, line, column }: Place, message: string, hint?: string): Misasked {
  const start = `${file}:${line}:${column}: `;
  return new Misasked(
    message.startsWith(start) ? message : `${start}${message}`,
    hint ?? 'the form of a file: docs/howto/test-access.md',
  );
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
