/** Pods before and after their way to AWS credentials, for the tests of `src/engine/podcredentials`. */

import {
  type CredentialTerms,
  credentialsOf,
  type PodSituation,
} from '../src/engine/podcredentials/credentials.ts';
import { injectCredentials } from '../src/engine/podcredentials/inject.ts';
import { agentUri } from '../src/engine/podcredentials/names.ts';
import type { JsonValue } from '../src/wire/kube/json.ts';
import { jsonPatch } from '../src/wire/kube/patch/jsonpatch.ts';

export const roleArn = 'arn:aws:iam::111122223333:role/reader';
export const role = { 'eks.amazonaws.com/role-arn': roleArn };
export const regional = { name: 'AWS_STS_REGIONAL_ENDPOINTS', value: 'regional' };
export const region = [
  { name: 'AWS_DEFAULT_REGION', value: 'eu-central-1' },
  { name: 'AWS_REGION', value: 'eu-central-1' },
];
export const webIdentity = [
  { name: 'AWS_ROLE_ARN', value: roleArn },
  {
    name: 'AWS_WEB_IDENTITY_TOKEN_FILE',
    value: '/var/run/secrets/eks.amazonaws.com/serviceaccount/token',
  },
];
export const podIdentity = [
  { name: 'AWS_CONTAINER_CREDENTIALS_FULL_URI', value: 'http://169.254.170.23/v1/credentials' },
  {
    name: 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
    value: '/var/run/secrets/pods.eks.amazonaws.com/serviceaccount/eks-pod-identity-token',
  },
];
export const webIdentityMount = {
  name: 'aws-iam-token',
  readOnly: true,
  mountPath: '/var/run/secrets/eks.amazonaws.com/serviceaccount',
};
export const tokenVolume = (name: string, audience: string, expirationSeconds: number, path: string) => ({
  name,
  projected: {
    defaultMode: 420,
    sources: [{ serviceAccountToken: { audience, expirationSeconds, path } }],
  },
});
export const webIdentityVolume = tokenVolume('aws-iam-token', 'sts.amazonaws.com', 86_400, 'token');

export const pod = ({
  metadata = {},
  ...spec
}: Readonly<Record<string, unknown>> & { readonly metadata?: object } = {}) => ({
  metadata: { name: 'p', ...metadata },
  spec: { serviceAccountName: 'app', containers: [{ name: 'main' }], ...spec },
});

export const situation = (change: Partial<PodSituation> = {}): PodSituation => ({
  pod: pod(),
  isAssociated: false,
  accountAnnotations: {},
  region: 'eu-central-1',
  agentUri,
  random: () => 0,
  ...change,
});

/** The pod as it is in the end, and what whoever makes it is told. */
export function injected(change: Partial<PodSituation>) {
  const asked = situation(change);
  const { terms, warnings } = credentialsOf(asked);
  const result =
    terms === undefined ? { pod: asked.pod as Pod, warnings } : applied(asked.pod, terms, warnings);
  return { ...result, terms };
}

export type Pod = ReturnType<typeof pod>;

export function applied(before: unknown, terms: CredentialTerms, told: readonly string[] = []) {
  const { patch, warnings } = injectCredentials(before, terms);
  return {
    pod: jsonPatch(before as never, JSON.parse(JSON.stringify(patch)) as JsonValue) as Pod,
    warnings: [...told, ...warnings],
  };
}
