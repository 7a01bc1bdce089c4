/** A minor release of Kubernetes, as `kubectl version` names it: 1.34. */
export interface KubernetesVersion {
  readonly minor: number;
  /** `1.34` */
  readonly text: string;
}

/** The releases whose flags and files the bundle was checked against. */
export const oldestMinor = 28;
export const newestMinor = 36;
export const defaultKubernetesVersion = '1.34';

/** `1.34`, `v1.34`, `1.34.2`, `v1.34.2+k3s1`; undefined for what is no version of a release that is known here. */
export function parseKubernetesVersion(text: string): KubernetesVersion | undefined {
  const match = /^v?1\.(\d{1,2})(?:\.\d{1,3})?(?:[+-][\w.+-]{1,40})?$/.exec(text);
  const minor = Number(match?.[1]);
  if (match === null || minor < oldestMinor || minor > newestMinor) return undefined;
  return { minor, text: `1.${minor}` };
}

/** The file was alpha and off in 1.29; on by default from 1.30 (kubernetes-facts C11). */
export function hasAuthorizationConfiguration({ minor }: KubernetesVersion): boolean {
  return minor >= 30;
}

/** v1 is served from 1.32 (C11). */
export function authorizationConfigurationVersion({ minor }: KubernetesVersion): string {
  return minor >= 32 ? 'apiserver.config.k8s.io/v1' : 'apiserver.config.k8s.io/v1beta1';
}
