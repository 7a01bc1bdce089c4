import type { CredentialTerms } from './credentials.ts';
import { isObject, items, member, text } from './json.ts';
import { podIdentityLabel, tokenVolumes } from './names.ts';

/** One operation of a JSON patch (RFC 6902). */
export interface AddOperation {
  readonly op: 'add';
  readonly path: string;
  readonly value: unknown;
}

export interface Injection {
  /** None where the pod has everything already. */
  readonly patch: readonly AddOperation[];
  /** Why a pod that was to get credentials gets none: one line each. */
  readonly warnings: readonly string[];
}

/**
 * Of a patch that API servers take, and about as many characters as they store of an object: with more the pod would be
 * refused. SECURITY: a role of an annotation is up to 256 KiB long, and in thousands of containers that would be gigabytes.
 */
const mostOperations = 10_000;
const mostCharacters = 1_500_000;

/**
 * What EKS's webhook adds to a pod so that its containers get to their credentials (I8, J20), as a patch of it: the label,
 * the volume with the token, and for each container the mount and variables. What is there already is kept:
 *
 * - of the mechanism's two variables, and of the two for the region, either one keeps both from being added;
 * - a container that has one of each, and AWS_STS_REGIONAL_ENDPOINTS, is not touched, nor is one that is to be skipped;
 * - a mount and a volume of the token's name are kept.
 *
 * Only adds, so that it neither repeats nor changes a number of a pod that it cannot read exactly. A pod it was applied to
 * gets nothing more. Ephemeral containers get nothing, and nothing says `fsGroup`: kubelets give such files to the user.
 *
 * COMPAT: another volume of the name keeps the pod from getting anything, as a newer source has it; older ones mounted it.
 */
export function injectCredentials(pod: unknown, terms: CredentialTerms): Injection {
  const spec = member(pod, 'spec');
  const volume = tokenVolumes[terms.mechanism];
  const known = items(member(spec, 'volumes')).find((one) => text(one, 'name') === volume.name);
  if (known !== undefined && !isTokenVolume(known, terms)) {
    const warning = `no AWS credentials: the pod has another volume \`${volume.name}\`, the name that their token needs`;
    return { patch: [], warnings: [warning] };
  }
  const variables = variablesOf(spec, terms);
  const skipped = new Set(terms.skippedContainers);
  const containers = (['initContainers', 'containers'] as const).flatMap((list) =>
    items(member(spec, list)).flatMap((container, index) =>
      skipped.has(text(container, 'name') ?? '')
        ? []
        : containerPatch(container, `/spec/${list}/${index}`, variables, volume),
    ),
  );
  const volumes =
    known === undefined ? addFirst(member(spec, 'volumes'), '/spec/volumes', tokenVolume(terms)) : [];
  const patch = [...labelPatch(pod, terms), ...volumes, ...containers];
  return isTooMuch(patch)
    ? { patch: [], warnings: ['no AWS credentials: with them the pod would be too large'] }
    : { patch, warnings: [] };
}

function isTooMuch(patch: readonly AddOperation[]): boolean {
  if (patch.length > mostOperations) return true;
  let characters = 0;
  // One after the other: all of them at once may be longer than a text can be.
  return patch.some((operation) => {
    characters += JSON.stringify(operation).length;
    return characters > mostCharacters;
  });
}

interface Variable {
  readonly name: string;
  readonly value: string;
}

/** Variables that come together or not at all: one of the names that is there already keeps all from being added. */
interface VariableGroup {
  readonly names: readonly string[];
  readonly added: readonly Variable[];
}

/** In the order they are added. */
function variablesOf(spec: unknown, terms: CredentialTerms): readonly VariableGroup[] {
  const tokenFile = tokenFileOf(spec, terms);
  const regional = 'AWS_STS_REGIONAL_ENDPOINTS';
  const groupOf = (added: readonly Variable[]): VariableGroup => ({
    names: added.map(({ name }) => name),
    added,
  });
  return [
    { names: [regional], added: terms.regionalEndpoints ? [{ name: regional, value: 'regional' }] : [] },
    groupOf([
      { name: 'AWS_DEFAULT_REGION', value: terms.region },
      { name: 'AWS_REGION', value: terms.region },
    ]),
    terms.mechanism === 'podIdentity'
      ? groupOf([
          { name: 'AWS_CONTAINER_CREDENTIALS_FULL_URI', value: terms.agentUri },
          { name: 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE', value: tokenFile },
        ])
      : groupOf([
          { name: 'AWS_ROLE_ARN', value: terms.roleArn },
          { name: 'AWS_WEB_IDENTITY_TOKEN_FILE', value: tokenFile },
        ]),
  ];
}

/** As a container on Windows spells it, where the pod selects such nodes. */
function tokenFileOf(spec: unknown, { mechanism }: CredentialTerms): string {
  const { mountPath, file } = tokenVolumes[mechanism];
  const path = `${mountPath}/${file}`;
  const selector = member(spec, 'nodeSelector');
  const isWindows = ['kubernetes.io/os', 'beta.kubernetes.io/os'].some(
    (label) => text(selector, label) === 'windows',
  );
  return isWindows ? `C:${path.replaceAll('/', '\\')}` : path;
}

function containerPatch(
  container: unknown,
  path: string,
  variables: readonly VariableGroup[],
  volume: { readonly name: string; readonly mountPath: string },
): readonly AddOperation[] {
  if (!isObject(container)) return [];
  const env = member(container, 'env');
  const there = new Set(items(env).map((one) => text(one, 'name')));
  const missing = variables.filter(({ names }) => !names.some((name) => there.has(name)));
  if (missing.length === 0) return [];
  const mounts = member(container, 'volumeMounts');
  // Two mounts at one path, and no API server takes the pod.
  const isMounted = items(mounts).some(
    (one) => text(one, 'name') === volume.name || text(one, 'mountPath') === volume.mountPath,
  );
  const mount = { name: volume.name, readOnly: true, mountPath: volume.mountPath };
  return [
    ...append(
      env,
      `${path}/env`,
      missing.flatMap(({ added }) => added),
    ),
    ...append(mounts, `${path}/volumeMounts`, isMounted ? [] : [mount]),
  ];
}

function labelPatch(pod: unknown, { mechanism }: CredentialTerms): readonly AddOperation[] {
  const labels = member(member(pod, 'metadata'), 'labels');
  if (mechanism !== 'podIdentity' || text(labels, podIdentityLabel) === 'enabled') return [];
  return isObject(labels)
    ? [{ op: 'add', path: `/metadata/labels/${podIdentityLabel.replace('/', '~1')}`, value: 'enabled' }]
    : [{ op: 'add', path: '/metadata/labels', value: { [podIdentityLabel]: 'enabled' } }];
}

function tokenVolume({ mechanism, audience, expirationSeconds }: CredentialTerms): unknown {
  const { name, file } = tokenVolumes[mechanism];
  return {
    name,
    projected: {
      // What an API server makes of none.
      defaultMode: 0o644,
      sources: [{ serviceAccountToken: { audience, expirationSeconds, path: file } }],
    },
  };
}

/** Whether a volume keeps the token that would be added; how long that lives is for whoever wrote it to say. */
function isTokenVolume(volume: unknown, { mechanism, audience }: CredentialTerms): boolean {
  return items(member(member(volume, 'projected'), 'sources')).some((source) => {
    const token = member(source, 'serviceAccountToken');
    return text(token, 'audience') === audience && text(token, 'path') === tokenVolumes[mechanism].file;
  });
}

function append(list: unknown, path: string, values: readonly unknown[]): readonly AddOperation[] {
  if (values.length === 0) return [];
  if (Array.isArray(list)) return values.map((value) => ({ op: 'add', path: `${path}/-`, value }));
  return isNothing(list) ? [{ op: 'add', path, value: values }] : [];
}

function addFirst(list: unknown, path: string, value: unknown): readonly AddOperation[] {
  if (Array.isArray(list)) return [{ op: 'add', path: `${path}/0`, value }];
  return isNothing(list) ? [{ op: 'add', path, value: [value] }] : [];
}

/** Anything else is wrong, and for the API server to say so. */
function isNothing(list: unknown): boolean {
  return list === undefined || list === null;
}
