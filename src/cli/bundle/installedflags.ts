import { parse } from 'yaml';
import type { Flags } from './flags.ts';

/** Where the flags of an API server stand in a bundle, in the file of its distribution. */
export interface InstalledFlags {
  readonly file: string;
  readonly flags: Flags;
  /** `cluster.apiServer.authorizationConfig` of a Talos patch: Talos gives the API server the file itself. */
  readonly authorizers?: unknown;
}

/**
 * Reads the flags back from the file that carries them, as an operator may have edited it. `read` answers a file of the
 * bundle by its path, undefined when there is none. Undefined without any such file; throws for one that is no YAML or
 * has another shape.
 */
export function installedFlags(read: (path: string) => string | undefined): InstalledFlags | undefined {
  for (const [file, flagsIn] of Object.entries(readers)) {
    const text = read(file);
    if (text !== undefined) return { file, ...flagsIn(text) };
  }
  return undefined;
}

const readers: Readonly<Record<string, (text: string) => Omit<InstalledFlags, 'file'>>> = {
  'kubeadm-config.yaml': (text) => ({ flags: extraArgs(parse(text)?.apiServer?.extraArgs) }),
  '50-entryway.yaml': (text) => ({ flags: pairs(parse(text)?.['kube-apiserver-arg+']) }),
  'kind.yaml': (text) => {
    const patches: unknown = parse(text)?.kubeadmConfigPatches;
    const found = (Array.isArray(patches) ? patches : [])
      .map((patch) => parse(String(patch)))
      .find((patch) => patch?.kind === 'ClusterConfiguration');
    return { flags: extraArgs(found?.apiServer?.extraArgs) };
  },
  'start.sh': (text) => ({
    flags: pairs([...text.matchAll(/--extra-config=apiserver\.(\S+)/g)].map(([, pair]) => pair)),
  }),
  'talos-patch.yaml': (text) => {
    const server = parse(text)?.cluster?.apiServer;
    return { flags: extraArgs(server?.extraArgs), authorizers: server?.authorizationConfig };
  },
};

/** A map, or the list of names and values of kubeadm's v1beta4. */
function extraArgs(value: unknown): Flags {
  const entries: readonly (readonly [unknown, unknown])[] = Array.isArray(value)
    ? value.map((one) => [one?.name, one?.value])
    : Object.entries(value ?? {});
  return Object.fromEntries(entries.map(([name, text]) => [String(name), String(text)]));
}

function pairs(list: unknown): Flags {
  const texts = (Array.isArray(list) ? list : []).map(String);
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=');
      return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}
