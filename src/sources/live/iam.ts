import type { GetAccountAuthorizationDetailsResponse, IAMClient, UserDetail } from '@aws-sdk/client-iam';
import { asPrinted, eachOf, type Fetching, failureText } from './fetched.ts';

/** Calls under way at once: IAM is one global service that throttles early. */
const atOnce = 4;

/**
 * The IAM of the account that the credentials are of: users, roles, groups and policies with their documents, keys and MFA of
 * users, OIDC providers. Reads alone; what is refused is told.
 */
export async function fetchIam(client: IAMClient, accountId: string, fetching: Fetching): Promise<void> {
  const iam = await import('@aws-sdk/client-iam');
  const { take, miss, progress } = fetching;
  const missing = (action: string, error: unknown): void =>
    miss({ area: 'iam', accountId, reason: `iam:${action} failed: ${failureText(error)}` });
  /** The answer of one call; undefined where it failed, which is told unless that is an answer, too. */
  const attempt = async <Output extends object>(
    action: string,
    call: () => Promise<Output>,
    isAnswer: (error: unknown) => boolean = () => false,
  ): Promise<Output | undefined> => {
    try {
      return await call();
    } catch (error) {
      if (!isAnswer(error)) missing(action, error);
      return undefined;
    }
  };

  const users: UserDetail[] = [];
  let pages = 0;
  try {
    for await (const page of iam.paginateGetAccountAuthorizationDetails({ client, pageSize: 500 }, {})) {
      progress('IAM', ++pages, pages);
      users.push(...(page.UserDetailList ?? []));
      take({ from: 'aws iam get-account-authorization-details', value: asPrinted(withPlainDocuments(page)) });
    }
  } catch (error) {
    missing('GetAccountAuthorizationDetails', error);
  }

  const summary = await attempt('GetAccountSummary', () => client.send(new iam.GetAccountSummaryCommand({})));
  if (summary !== undefined) take({ from: 'aws iam get-account-summary', value: asPrinted(summary) });

  let done = 0;
  await eachOf(users, atOnce, async ({ UserName }) => {
    const input = { UserName };
    const of = `--user-name ${UserName}`;
    const keys = await attempt('ListAccessKeys', () => client.send(new iam.ListAccessKeysCommand(input)));
    if (keys !== undefined)
      take({ from: `aws iam list-access-keys ${of}`, value: asPrinted({ ...keys, ...input }) });
    for (const { AccessKeyId } of keys?.AccessKeyMetadata ?? []) {
      const used = await attempt('GetAccessKeyLastUsed', () =>
        client.send(new iam.GetAccessKeyLastUsedCommand({ AccessKeyId })),
      );
      if (used === undefined) continue;
      const from = `aws iam get-access-key-last-used --access-key-id ${AccessKeyId}`;
      take({ from, value: asPrinted({ ...used, AccessKeyId }) });
    }
    const devices = await attempt('ListMFADevices', () => client.send(new iam.ListMFADevicesCommand(input)));
    if (devices !== undefined) {
      take({ from: `aws iam list-mfa-devices ${of}`, value: asPrinted({ ...devices, ...input }) });
    }
    const profile = await attempt(
      'GetLoginProfile',
      () => client.send(new iam.GetLoginProfileCommand(input)),
      isNoSuchEntity,
    );
    if (profile !== undefined) take({ from: `aws iam get-login-profile ${of}`, value: asPrinted(profile) });
    progress('users', ++done, users.length);
  });

  const providers = await attempt('ListOpenIDConnectProviders', () =>
    client.send(new iam.ListOpenIDConnectProvidersCommand({})),
  );
  await eachOf(providers?.OpenIDConnectProviderList ?? [], atOnce, async ({ Arn }) => {
    const provider = await attempt('GetOpenIDConnectProvider', () =>
      client.send(new iam.GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: Arn })),
    );
    if (provider === undefined) return;
    take({
      from: `aws iam get-open-id-connect-provider --open-id-connect-provider-arn ${Arn}`,
      value: asPrinted({ ...provider, OpenIDConnectProviderArn: Arn }),
    });
  });
}

/** A user without a password: an answer. */
function isNoSuchEntity(error: unknown): boolean {
  return error instanceof Error && error.name.startsWith('NoSuchEntity');
}

/** IAM encodes documents for a URL; the AWS CLI prints them plain, and so do we. */
function withPlainDocuments(page: GetAccountAuthorizationDetailsResponse): object {
  return JSON.parse(JSON.stringify(page), (name, value: unknown) =>
    (name === 'PolicyDocument' || name === 'AssumeRolePolicyDocument' || name === 'Document') &&
    typeof value === 'string'
      ? decoded(value)
      : value,
  ) as object;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
