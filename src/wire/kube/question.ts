import { Misasked } from '../../engine/analysis/ask/misasked.ts';
import { nearest } from '../../engine/analysis/policylint/patterns.ts';
import type { Question } from '../../engine/analysis/world/question.ts';
import { bitOfVerb } from '../../engine/authorizer/compiledrules.ts';
import { resourceLines } from './data/resources.ts';

export interface QuestionOptions {
  readonly namespace?: string;
  readonly name?: string;
}

interface KnownResource {
  readonly apiGroup: string;
  readonly resource: string;
  /** Undefined: not known. */
  readonly isNamespaced: boolean | undefined;
}

/** What only checks of permission speak of, never a request for an object (kubernetes-facts A13): group, resource. */
const spokenOf = [
  ['', 'users'],
  ['', 'groups'],
  ['authentication.k8s.io', 'uids'],
  ['authentication.k8s.io', 'userextras'],
  ['certificates.k8s.io', 'signers'],
] as const;

/** Requests about them name no object, so that those for Namespaces carry no namespace. */
const verbsWithoutObject: ReadonlySet<string> = new Set(['list', 'watch', 'create', 'deletecollection']);

/**
 * `VERB RESOURCE` as people write it: `get pods`, `get deploy`, `create deployments.apps`, `get pods/log`, `get secrets/db`
 * is the object only with `--name`; a path that begins with `/` is no resource. Without a namespace the question is
 * about all namespaces at once; about one Namespace it is about what is in that, too, because its requests carry its name as
 * their namespace (kubernetes-facts A5).
 */
export function parseQuestion(verb: string, resource: string, options: QuestionOptions): Question {
  if (!/^(?:\*|[a-z]+(?:[:-][a-z]+)*)$/.test(verb)) {
    throw new Misasked(`\`${verb}\` is no verb`, 'verbs are get, list, create, … in lower case');
  }
  if (resource.startsWith('/')) {
    if (options.namespace !== undefined || options.name !== undefined) {
      throw new Misasked('a path has no namespace and no name', 'leave out -n and --name');
    }
    return { kind: 'nonResource', verb, path: resource };
  }
  // The key of an extra value stands in a subresource's place, and may be any text.
  const [, written = '', subresource = ''] =
    /^(userextras(?:\.authentication\.k8s\.io)?)\/(.+)$/.exec(resource) ??
    /^([^/]+)(?:\/([a-z]+))?$/.exec(resource) ??
    [];
  if (written === '') {
    throw new Misasked(`\`${resource}\` is no resource`, 'write it as pods, deployments.apps or pods/log');
  }
  const { apiGroup, resource: plural, isNamespaced } = resourceNamed(written);
  // Nothing is known of the verbs of a resource of one's own.
  if (isNamespaced !== undefined) refuseUnknownVerb(verb);
  if (isNamespaced === false && options.namespace !== undefined && plural !== 'namespaces') {
    throw new Misasked(`\`${plural}\` are not in namespaces`, 'leave out -n');
  }
  return {
    kind: 'resource',
    ...{ verb, apiGroup, resource: plural, subresource },
    ...(plural === 'namespaces' && apiGroup === '' && !verbsWithoutObject.has(verb)
      ? ofNamespace(options)
      : { namespace: options.namespace ?? '', name: options.name ?? '' }),
  };
}

/** What people call what Kubernetes calls otherwise. */
const otherWords: ReadonlyMap<string, string> = new Map([
  ...['read', 'view', 'describe', 'show', 'fetch'].map((word) => [word, 'get'] as const),
  ...['write', 'edit', 'change', 'modify', 'replace'].map((word) => [word, 'update'] as const),
  ...['remove', 'destroy'].map((word) => [word, 'delete'] as const),
  ['add', 'create'],
  ['apply', 'patch'],
]);
const commonVerbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'];
/** Known, and of so few requests that rules have no bit for them (kubernetes-facts A13). */
const rareVerbs =
  /^(?:\*|impersonate(?:-on)?:.*|unsafe-delete-ignore-read-errors|request-serviceaccounts-token-audience)$/;

/** SECURITY: a verb that is mistyped is refused to everybody, which would be taken for an answer. */
function refuseUnknownVerb(verb: string): void {
  if (bitOfVerb(verb) !== 0 || rareVerbs.test(verb)) return;
  const meant = otherWords.get(verb) ?? nearest(verb, commonVerbs);
  throw new Misasked(
    `\`${verb}\` is no verb of Kubernetes itself`,
    meant === undefined ? `verbs are ${commonVerbs.join(', ')}` : `did you mean \`${meant}\`?`,
  );
}

function ofNamespace({ namespace, name }: QuestionOptions): {
  readonly namespace: string;
  readonly name: string;
} {
  if (namespace !== undefined && name !== undefined && namespace !== name) {
    throw new Misasked(
      `namespace \`${name}\` is not in namespace \`${namespace}\``,
      `leave out -n: requests for it carry \`${name}\` as their namespace`,
    );
  }
  return { namespace: namespace ?? name ?? '', name: name ?? namespace ?? '' };
}

/**
 * Whether requests about the resource may carry a namespace: undefined where it is not known. Those for a Namespace carry its
 * own name (kubernetes-facts A5).
 */
export function isAskedInNamespaces(question: Question): boolean | undefined {
  if (question.kind === 'nonResource') return false;
  const { resource, apiGroup } = question;
  if (resource === 'namespaces' && apiGroup === '') return true;
  byName ??= indexResources();
  return byName.get(apiGroup === '' ? resource : `${resource}.${apiGroup}`)?.isNamespaced;
}

let byName: ReadonlyMap<string, KnownResource> | undefined;

/** By plural, singular, kind or short name; with `.GROUP` any resource there is. The first of discovery's order wins. */
function resourceNamed(written: string): KnownResource {
  byName ??= indexResources();
  const known = byName.get(written.toLowerCase());
  if (known !== undefined) return known;
  const dot = written.indexOf('.');
  if (dot > 0) {
    const [resource, apiGroup] = [written.slice(0, dot), written.slice(dot + 1)];
    const named = byName.get(`${resource}.${apiGroup}`.toLowerCase());
    return named ?? { apiGroup, resource, isNamespaced: undefined };
  }
  if (written === '*') return { apiGroup: '*', resource: '*', isNamespaced: undefined };
  const plurals = new Set([...byName.values()].map(({ resource }) => resource));
  const near = nearest(written, [...plurals]);
  throw new Misasked(
    `\`${written}\` is no resource of Kubernetes itself`,
    near === undefined
      ? 'write a resource of your own with its group: widgets.example.com'
      : `did you mean \`${near}\`? A resource of your own is written with its group: widgets.example.com`,
  );
}

function indexResources(): ReadonlyMap<string, KnownResource> {
  const index = new Map<string, KnownResource>();
  const add = (known: KnownResource, names: readonly string[]): void => {
    for (const name of names) {
      for (const spelling of known.apiGroup === '' ? [name] : [name, `${name}.${known.apiGroup}`]) {
        if (!index.has(spelling)) index.set(spelling, known);
      }
    }
  };
  for (const line of resourceLines.split('\n')) {
    const [groupVersion = '', resource = '', kind = '', singular = '', scope = '', , shortNames = '-'] =
      line.split(' ');
    const apiGroup = groupVersion.slice(0, groupVersion.indexOf('/'));
    const known: KnownResource = { apiGroup, resource, isNamespaced: scope === 'n' };
    const names: readonly string[] = [
      resource,
      singular,
      kind.toLowerCase(),
      ...(shortNames === '-' ? [] : shortNames.split(',')),
    ];
    add(known, names);
  }
  for (const [apiGroup, resource] of spokenOf) add({ apiGroup, resource, isNamespaced: false }, [resource]);
  return index;
}
