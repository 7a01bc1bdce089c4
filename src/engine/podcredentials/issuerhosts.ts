/**
 * Whether EKS's own clusters have their token issuers at the host, in lower case and without a path: in whatever partition,
 * with IPv4 alone or dual-stack (eks-access-facts I1). Built-in clusters have the same form.
 */
export function isIssuerHostOfEks(host: string): boolean {
  return /^oidc[.-]eks\.[a-z0-9-]+\.(?:amazonaws\.com(?:\.cn)?|api\.(?:aws|amazonwebservices\.com\.cn)|c2s\.ic\.gov|sc2s\.sgov\.gov)$/.test(
    host,
  );
}
