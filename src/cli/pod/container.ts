import { join, posix } from 'node:path';
import { CommandError } from '../failure.ts';

/** The little of a pod that says what its containers find. */
export interface Pod {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly uid: string };
  readonly spec: {
    readonly serviceAccountName?: string;
    readonly containers?: readonly Container[];
    readonly initContainers?: readonly Container[];
    readonly volumes?: readonly Volume[];
  };
}

interface Container {
  readonly name?: string;
  readonly env?: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: unknown }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath?: string }[];
}

interface Volume {
  readonly name: string;
  readonly projected?: { readonly sources?: readonly ProjectedSource[] };
}

interface ProjectedSource {
  readonly serviceAccountToken?: {
    readonly path?: string;
    readonly audience?: string;
    readonly expirationSeconds?: number;
  };
}

/** A file that a kubelet would keep a token in. */
export interface TokenFile {
  readonly path: string;
  /** Absent: the API server's own. */
  readonly audience: string | undefined;
  readonly expirationSeconds: number;
}

export interface ContainerView {
  readonly variables: Readonly<Record<string, string>>;
  readonly tokenFiles: readonly TokenFile[];
  /** Variables whose values only a kubelet knows. */
  readonly unknown: readonly string[];
  /** Variables that say nothing of who the container is, and were not asked for. */
  readonly untaken: readonly string[];
}

/** What the API server makes of no wish (kubernetes-facts F1). */
const usualSeconds = 3600;

/** Variables that hold a path: it is one of the container. */
const fileVariables: ReadonlySet<string> = new Set([
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
]);

/**
 * What the SDKs read of who they are, and where.
 *
 * SECURITY: nothing else is taken unasked. Whoever may create pods would choose what the operator's programs load and run
 * (`LD_PRELOAD`, `NODE_OPTIONS`, `PATH`, `AWS_PAGER`); there is no list of all such names.
 */
const identityVariables: ReadonlySet<string> = new Set([
  ...fileVariables,
  ...['AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_STS_REGIONAL_ENDPOINTS'],
  ...['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'],
  ...['AWS_ROLE_ARN', 'AWS_ROLE_SESSION_NAME'],
  ...['AWS_CONTAINER_CREDENTIALS_FULL_URI', 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'],
  'AWS_CONTAINER_AUTHORIZATION_TOKEN',
]);

export interface ContainerWish {
  /** The first when not given. */
  readonly name?: string;
  /** Further variables to take over. */
  readonly variables?: readonly string[];
}

/** All containers a pod's author names, those that run first at the end: the first one is an app. */
export function containersOf({ spec }: Pod): readonly Container[] {
  return [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
}

/**
 * What a container of the pod finds, with its mounts below `root` instead of `/`: variables that name a file of a mount name
 * it there. Undefined where the pod has no such container. Throws CommandError for a volume that no API server of upstream
 * takes.
 *
 * SECURITY: no path leads out of `root`, whatever whoever created the pod wrote.
 */
export function containerView(
  pod: Pod,
  root: string,
  { name, variables: wanted = [] }: ContainerWish = {},
): ContainerView | undefined {
  const containers = containersOf(pod);
  const container = name === undefined ? containers[0] : containers.find((one) => one.name === name);
  if (container === undefined) return undefined;
  const mounts = (container.volumeMounts ?? []).map(({ name: volumeName, mountPath = '' }) => ({
    volume: pod.spec.volumes?.find((one) => one.name === volumeName),
    mountPath: inContainer(mountPath),
  }));
  const movedValue = (variable: string, value: string): string => {
    const path = inContainer(value);
    const isPath =
      value.startsWith('/') && mounts.some(({ mountPath }) => path.startsWith(posix.join(mountPath, '/')));
    return isPath || (fileVariables.has(variable) && value !== '') ? join(root, path) : value;
  };
  const env = container.env ?? [];
  const isTaken = (variable: string): boolean => identityVariables.has(variable) || wanted.includes(variable);
  const namesOf = (variables: typeof env): readonly string[] => [
    ...new Set(variables.map((one) => one.name)),
  ];
  const known = env.filter(({ valueFrom }) => valueFrom === undefined);
  return {
    // A variable without a value is empty, as in a container.
    variables: Object.fromEntries(
      known
        .filter((one) => isTaken(one.name))
        .map(({ name: variable, value = '' }) => [variable, movedValue(variable, value)]),
    ),
    unknown: namesOf(env.filter(({ valueFrom }) => valueFrom !== undefined)),
    untaken: namesOf(known.filter((one) => !isTaken(one.name))),
    tokenFiles: mounts.flatMap(({ volume, mountPath }) =>
      (volume?.projected?.sources ?? []).flatMap(({ serviceAccountToken: token }) =>
        token === undefined
          ? []
          : [
              {
                path: join(root, mountPath, fileInVolume(token.path ?? '', volume?.name ?? '')),
                audience: token.audience || undefined,
                expirationSeconds: token.expirationSeconds ?? usualSeconds,
              },
            ],
      ),
    ),
  };
}

/** As a path is understood in a container: `..` of `/` is `/`. Ends in no slash, that of `/` itself apart. */
function inContainer(path: string): string {
  return posix.resolve('/', path);
}

/** COMPAT: the built-in API takes any path; upstream's takes none that is absolute, empty or has `..` in it. */
function fileInVolume(path: string, volumeName: string): string {
  const isFile = path !== '' && !path.includes('\0') && !path.endsWith('/');
  if (isFile && !path.startsWith('/') && !path.split('/').includes('..') && posix.normalize(path) !== '.') {
    return path;
  }
  throw new CommandError(
    'failure',
    `volume \`${volumeName}\` keeps its token at \`${path}\`, which is no file in the volume`,
    'no cluster of EKS has such a pod; make it anew with a plain `path`',
  );
}
