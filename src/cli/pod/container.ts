import { join } from 'node:path';

/** The little of a pod that says what its containers find. */
export interface Pod {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly uid: string };
  readonly spec: {
    readonly serviceAccountName?: string;
    readonly containers: readonly Container[];
    readonly volumes?: readonly Volume[];
  };
}

interface Container {
  readonly name: string;
  readonly env?: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: unknown }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
}

interface Volume {
  readonly name: string;
  readonly projected?: { readonly sources?: readonly ProjectedSource[] };
}

interface ProjectedSource {
  readonly serviceAccountToken?: {
    readonly path: string;
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
  readonly leftOut: readonly string[];
}

/** What the API server makes of no wish (kubernetes-facts F1). */
const usualSeconds = 3600;

/**
 * What a container finds, with its mounts below `root` instead of `/`: variables that name a file of a mount name it there.
 * Undefined where the pod has no such container; without a name it is the first.
 */
export function containerView(pod: Pod, root: string, name?: string): ContainerView | undefined {
  const container =
    name === undefined ? pod.spec.containers[0] : pod.spec.containers.find((one) => one.name === name);
  if (container === undefined) return undefined;
  const mounts = container.volumeMounts ?? [];
  const moved = (value: string): string =>
    mounts.some(({ mountPath }) => value.startsWith(`${mountPath}/`)) ? join(root, value) : value;
  const env = container.env ?? [];
  return {
    // A variable without a value is empty, as in a container.
    variables: Object.fromEntries(
      env.flatMap(({ name: variable, value = '', valueFrom }) =>
        valueFrom === undefined ? [[variable, moved(value)]] : [],
      ),
    ),
    leftOut: env.flatMap(({ name: variable, valueFrom }) => (valueFrom === undefined ? [] : [variable])),
    tokenFiles: mounts.flatMap(({ name: volumeName, mountPath }) => {
      const volume = pod.spec.volumes?.find((one) => one.name === volumeName);
      return (volume?.projected?.sources ?? []).flatMap(({ serviceAccountToken: token }) =>
        token === undefined
          ? []
          : [
              {
                path: join(root, mountPath, token.path),
                audience: token.audience,
                expirationSeconds: token.expirationSeconds ?? usualSeconds,
              },
            ],
      );
    }),
  };
}
