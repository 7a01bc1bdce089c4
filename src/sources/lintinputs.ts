import type { AccessLintOptions } from '../engine/analysis/accesslint/accesslint.ts';
import { servedResources } from '../wire/kube/served.ts';
import { sha256Hex } from '../wire/sigv4/canonical.ts';
import { readAwsAuth } from './awsauth/manifest.ts';

/** What `lintAccess` borrows from those who know YAML, Kubernetes' resources and digests. */
export function lintInputs(): Required<Pick<AccessLintOptions, 'served' | 'digest' | 'readAwsAuth'>> {
  return {
    served: servedResources(),
    digest: (text) => sha256Hex(text).slice(0, 32),
    // JSON is YAML as well, and nobody looks at its places.
    readAwsAuth: (data) => readAwsAuth(JSON.stringify(data)).source,
  };
}
