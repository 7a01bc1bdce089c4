import {
  admissionFile,
  authenticateFile,
  authorizationFile,
  authorizeFile,
  type BundleInput,
} from './input.ts';
import { seconds, windows } from './windows.ts';

/** Flags of kube-apiserver, without the dashes. */
export type Flags = Readonly<Record<string, string>>;

/**
 * The token webhook has flags only: `AuthenticationConfiguration` knows JWT issuers and anonymous users, no webhook
 * (kubernetes-facts C14). The version is set because its default is v1beta1 (C6). `folder` is where the API server sees
 * the files.
 */
export function authenticationFlags(folder: string): Flags {
  return {
    'authentication-token-webhook-config-file': `${folder}/${authenticateFile}`,
    'authentication-token-webhook-version': 'v1',
    'authentication-token-webhook-cache-ttl': seconds(windows.authentication),
  };
}

/** The file excludes the flags and the flags exclude the file: an API server given both does not start (C11). */
function authorizationFlags({ authorization }: BundleInput, folder: string): Flags {
  return authorization === 'configuration'
    ? { 'authorization-config': `${folder}/${authorizationFile}` }
    : classicFlags(folder);
}

/** Without the file there are no conditions: everything RBAC does not allow is asked, whoever asks for it. */
export function classicFlags(folder: string): Flags {
  return {
    'authorization-mode': 'Node,RBAC,Webhook',
    'authorization-webhook-config-file': `${folder}/${authorizeFile}`,
    'authorization-webhook-version': 'v1',
    'authorization-webhook-cache-authorized-ttl': seconds(windows.authorized),
    'authorization-webhook-cache-unauthorized-ttl': seconds(windows.unauthorized),
  };
}

export function apiServerFlags(input: BundleInput, folder: string): Flags {
  return {
    ...authenticationFlags(folder),
    ...authorizationFlags(input, folder),
    ...admissionFlags(input, folder),
  };
}

/** SECURITY: rke2 sets the flag itself, for PodSecurity; a second one would take what its file says away (`podsPage`). */
function admissionFlags({ podsUrl, distribution }: BundleInput, folder: string): Flags {
  return podsUrl === undefined || distribution === 'rke2'
    ? {}
    : { 'admission-control-config-file': `${folder}/${admissionFile}` };
}
