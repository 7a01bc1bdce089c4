import { isIssuerHostOfEks, isPublicIssuerHost } from '../../engine/podcredentials/issuerhosts.ts';
import type { ClusterRecord } from '../../storage/records/eks.ts';
import { invalidParameter } from '../eks/refusals.ts';

const longest = 255;

/**
 * The issuer as the cluster's tokens write it; it is compared letter by letter and never completed. What Kubernetes takes as
 * `--service-account-issuer`: an `https` URL without user, query and fragment. A port is allowed, as there, though no OIDC
 * provider of IAM can have one (iam-facts J19). Throws InvalidParameterException.
 */
export function readIssuerUrl(given: string, { name }: Pick<ClusterRecord, 'name'>): string {
  const isPlain =
    given.length <= longest &&
    /^https:\/\/[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:\/[A-Za-z0-9._~%:@!$&+,;=/-]*)?$/.test(given);
  // Ports and addresses that there are not, like `10.0.0.256`.
  const host = isPlain ? URL.parse(given)?.hostname.replace(/\.$/, '') : undefined;
  if (host === undefined) {
    throw invalidParameter(
      `The issuer must be an https URL of at most ${longest} characters without user, query and fragment`,
      name,
    );
  }
  // Also those of clusters that are gone.
  if (isIssuerHostOfEks(host)) {
    throw invalidParameter('The issuer is one of EKS’s own: a cluster of EKS has it, and no other', name);
  }
  // SECURITY: whoever may say which keys speak for an issuer is, to every role that trusts it, whoever they like. For these
  // nobody may, not even ahead of the day on which somebody creates an OIDC provider for one. The list helps; what protects
  // the others is in `clusterissuer.ts`.
  if (isPublicIssuerHost(host)) {
    throw invalidParameter(
      'The issuer is a public identity provider: no cluster’s tokens come from there',
      name,
    );
  }
  return given;
}
