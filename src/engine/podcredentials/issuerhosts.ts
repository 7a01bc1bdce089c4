/**
 * Whether EKS's own clusters have their token issuers at the host, in lower case and without a path: in whatever partition,
 * with IPv4 alone or dual-stack (eks-access-facts I1). Built-in clusters have the same form.
 */
export function isIssuerHostOfEks(host: string): boolean {
  return /^oidc[.-]eks\.[a-z0-9-]+\.(?:amazonaws\.com(?:\.cn)?|api\.(?:aws|amazonwebservices\.com\.cn)|c2s\.ic\.gov|sc2s\.sgov\.gov)$/.test(
    host,
  );
}

/**
 * Whether a public identity provider, or one that many companies share, has issuers at the host, in lower case: accounts
 * commonly trust them for people and pipelines, and no cluster's tokens come from there.
 */
export function isPublicIssuerHost(host: string): boolean {
  return publicHosts.some((known) => host === known || host.endsWith(`.${known}`));
}

const publicHosts: readonly string[] = [
  'accounts.google.com',
  'agent.buildkite.com',
  'api.bitbucket.org',
  'app.terraform.io',
  'appleid.apple.com',
  'auth0.com',
  'ciamlogin.com',
  'cognito-identity.amazonaws.com',
  'gitlab.com',
  'graph.facebook.com',
  'login.microsoftonline.com',
  'login.microsoftonline.us',
  'oidc.circleci.com',
  'oidc.vercel.com',
  'okta.com',
  'onelogin.com',
  'securetoken.google.com',
  'sts.windows.net',
  'token.actions.githubusercontent.com',
  'vstoken.dev.azure.com',
  'www.amazon.com',
  'www.facebook.com',
];
