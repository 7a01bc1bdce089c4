/// <reference lib="esnext.disposable" preserve="true" />
/// <reference lib="es2022.error" preserve="true" />

/**
 * `import { startCluster } from 'entryway/cluster'`: a Kubernetes API server with EKS's access entries in this process,
 * for test suites. It keeps nothing, listens on free ports of the loopback, sets no signal handlers, and prints nothing
 * unless asked; as many as somebody likes run side by side.
 *
 * This file holds everything that others see, and imports nothing before a cluster is started: what it needs is read then,
 * by a Node that can.
 */

/** The versions of Kubernetes a cluster can be. They differ where Kubernetes' own do. */
export type KubernetesVersion = '1.32' | '1.33' | '1.34' | '1.35' | '1.36';

export interface ClusterOptions {
  /** Default `1.35`. */
  readonly version?: KubernetesVersion | undefined;
  /** Letters, digits, `-` and `_`, as EKS takes it. Default `test`. */
  readonly name?: string | undefined;
  /** A region of AWS. Default `us-east-1`. */
  readonly region?: string | undefined;
  /** Applied before the cluster is handed over; see {@link Cluster.apply}. */
  readonly manifests?: readonly Manifests[] | undefined;
  /** IAM roles with access entries, made before the cluster is handed over. */
  readonly entries?: readonly ClusterEntry[] | undefined;
  /** What goes to standard error. Default `silent`. */
  readonly log?: 'silent' | 'error' | 'warn' | 'info' | 'debug' | undefined;
}

/**
 * Kubernetes objects as a manifest has them: text in YAML or JSON (several documents, lists), an object or an array of them,
 * or a `file:` URL of a file or of a directory, whose `.yaml`, `.yml` and `.json` files are read in the order of their names.
 */
export type Manifests = string | URL | object;

/** An object as the cluster answers it. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly [member: string]: unknown;
  };
  readonly [member: string]: unknown;
}

/** An IAM role of the cluster's account, and its access entry. */
export interface ClusterEntry {
  /** Its name. The role is made where there is none, and then whoever in the account may assume roles may assume it. */
  readonly role: string;
  /** Kubernetes groups, for bindings to name. */
  readonly groups?: readonly string[] | undefined;
  /** Username in the cluster; as EKS makes it when not given. */
  readonly username?: string | undefined;
  /**
   * Access policies by name (`AmazonEKSViewPolicy`) or ARN: for the whole cluster, or with `namespaces` for those alone.
   */
  readonly policies?:
    | readonly (string | { readonly policy: string; readonly namespaces: readonly string[] })[]
    | undefined;
}

/**
 * Somebody in the cluster:
 * - `username` with `groups`: an IAM user with an access entry that maps it to them. EKS lets no entry name `system:…`.
 * - `role` or `user` of IAM, by name or, for a role with a path, by ARN: whatever access entries and aws-auth make of it.
 * - `serviceAccount` in `namespace` (`default` when not given), which must exist.
 */
export type ClusterUser =
  | { readonly username: string; readonly groups?: readonly string[] | undefined }
  | { readonly role: string }
  | { readonly user: string }
  | { readonly serviceAccount: string; readonly namespace?: string | undefined };

export interface Permission {
  readonly allowed: boolean;
  /** What allowed it, or why nothing did: for a person, not to be compared with. */
  readonly reason: string;
}

/** What a running cluster offers. After `close` everything that asks the cluster rejects with `ClusterError`. */
export interface Cluster extends AsyncDisposable {
  readonly name: string;
  /** `arn:aws:eks:…:cluster/NAME` */
  readonly arn: string;
  readonly version: KubernetesVersion;
  /** Of the API server: `https://127.0.0.1:PORT/clusters/ACCOUNT/REGION/NAME`. */
  readonly url: string;
  /** The certificate authority to trust there. */
  readonly caPem: string;
  /** 12 digits. */
  readonly accountId: string;
  /**
   * What the AWS SDK's clients take, as the account's root: `new EKSClient(cluster.aws)`. EKS, IAM and STS are served.
   */
  readonly aws: {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
  /**
   * YAML of a kubeconfig of the cluster's administrator, the account's root: for `KubeConfig.loadFromString`, or a file
   * for `kubectl` and `helm`. Read it when it is needed: as on EKS its token is good for 14 minutes.
   */
  readonly kubeconfig: string;
  /** The same of somebody else; of a service account it is good for 24 hours. Rejects with `ClusterError`. */
  kubeconfigFor(user: ClusterUser): Promise<string>;
  /**
   * Asks the cluster whether that user may do that, as `kubectl auth can-i` does.
   * @param resource `pods`, `pods/log`, `deployments.apps`, or a path such as `/healthz`; an object of it as
   * `{ name }`, in a namespace as `{ namespace }`, else everywhere.
   * Who the cluster does not let in may do nothing. Rejects with `ClusterError` where the question has no meaning.
   */
  can(
    user: ClusterUser,
    verb: string,
    resource: string,
    where?: { readonly namespace?: string | undefined; readonly name?: string | undefined },
  ): Promise<Permission>;
  /**
   * Server-side apply by the administrator, conflicts forced: namespaces and custom resource definitions first, the rest in
   * the order given. Answers the objects in the order they were applied. An object of a namespaced kind that names no
   * namespace goes to `default`. Rejects with a `ClusterError` that names the file, line and object.
   */
  apply(...manifests: readonly Manifests[]): Promise<readonly KubernetesObject[]>;
  /**
   * Resolves when what was written so far has had its consequences: dependents collected, namespaces emptied, default
   * objects made. Controllers of your own are not waited for.
   */
  idle(): Promise<void>;
  /** Ends watches, answers requests under way, frees the ports and leaves nothing behind. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * - `node`: this Node cannot run a cluster
 * - `option`: an option, or an argument, that has no meaning
 * - `manifest`: a manifest that cannot be read, or whose kind the cluster does not serve
 * - `refused`: the cluster, or its AWS side, refused what was asked
 * - `closed`: the cluster has been closed
 */
export type ClusterErrorCode = 'node' | 'option' | 'manifest' | 'refused' | 'closed';

export class ClusterError extends Error {
  readonly code: ClusterErrorCode;
  constructor(code: ClusterErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ClusterError';
    this.code = code;
  }
}

/** The first that has all that is used, and needs no flag for it. */
const neededNode = [22, 15] as const;

/**
 * Starts a cluster, in about a tenth of a second once its code is loaded. Close it, or declare it with `await using`.
 * @throws ClusterError (rejects); nothing is left running then
 */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < neededNode[0] || (major === neededNode[0] && minor < neededNode[1])) {
    throw new ClusterError(
      'node',
      `entryway/cluster needs Node.js ${neededNode.join('.')} or newer, this is ${process.versions.node}`,
    );
  }
  const { start } = await import('./start.ts');
  return start(options);
}
