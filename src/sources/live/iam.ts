import type {
  AccessKeyMetadata,
  GetAccountAuthorizationDetailsResponse,
  IAMClient,
  UserDetail,
} from '@aws-sdk/client-iam';
import type { SnapshotUser } from '../../engine/analysis/snapshot/snapshot.ts';
import { asPrinted, createCaller, eachOf, type Fetching } from './fetched.ts';

/** Calls under way at once: IAM is one global service that throttles early. */
const atOnce = 4;

type Iam = typeof import('@aws-sdk/client-iam');
type Keys = NonNullable<SnapshotUser['accessKeys']>;

/** Asks, and answers undefined where that failed, which is told. */
type Attempt = <Output extends object>(
  action: string,
  call: () => Promise<Output>,
  of?: string,
) => Promise<Output | undefined>;

/**
 * The IAM of the account that the credentials are of: users, roles, groups and policies with their documents, keys and MFA of
 * users, OIDC providers. Reads alone; what is refused is told.
 */
export async function fetchIam(client: IAMClient, accountId: string, fetching: Fetching): Promise<void> {
  const iam = await import('@aws-sdk/client-iam');
  const { take, tell, miss, progress } = fetching;
  const ask = createCaller();
  const missed = (action: string, error: unknown, of?: string): void =>
    miss({
      ...{ area: 'iam', accountId, attempt: `iam:${action} failed`, error, ...(of !== undefined && { of }) },
      ...(isDenied(error) && { hint: `allow \`iam:${action}\` to whoever reads` }),
    });
  const attempt: Attempt = async (action, call, of) => {
    try {
      return await ask(call);
    } catch (error) {
      missed(action, error, of);
      return undefined;
    }
  };

  const users: UserDetail[] = [];
  let pages = 0;
  let Marker: string | undefined;
  do {
    const input = { MaxItems: 500, ...(Marker !== undefined && { Marker }) };
    const page = await attempt('GetAccountAuthorizationDetails', () =>
      client.send(new iam.GetAccountAuthorizationDetailsCommand(input)),
    );
    if (page === undefined) break;
    progress('pages of IAM', ++pages, undefined);
    users.push(...(page.UserDetailList ?? []));
    take({ from: 'aws iam get-account-authorization-details', value: asPrinted(withPlainDocuments(page)) });
    Marker = page.IsTruncated === true ? page.Marker : undefined;
  } while (Marker !== undefined);

  const summary = await attempt('GetAccountSummary', () => client.send(new iam.GetAccountSummaryCommand({})));
  if (summary !== undefined) take({ from: 'aws iam get-account-summary', value: asPrinted(summary) });

  let done = 0;
  await eachOf(users, atOnce, async ({ UserName = '', Arn = '' }) => {
    const accessKeys = await fetchKeys(iam, client, UserName, attempt);
    const input = { UserName };
    const of = `user \`${UserName}\``;
    const devices = await attempt(
      'ListMFADevices',
      () => client.send(new iam.ListMFADevicesCommand(input)),
      of,
    );
    const hasPassword = await attempt(
      'GetLoginProfile',
      async () => ({ is: await hasLoginProfile(iam, client, UserName) }),
      of,
    );
    tell(`aws iam list-access-keys, list-mfa-devices and get-login-profile of ${UserName}`, {
      ...{ fact: 'principal', kind: 'user', arn: Arn, isPart: true },
      told: { accessKeys, mfaDevices: devices?.MFADevices?.length, hasPassword: hasPassword?.is },
    });
    progress('users', ++done, users.length);
  });

  const providers = await attempt('ListOpenIDConnectProviders', () =>
    client.send(new iam.ListOpenIDConnectProvidersCommand({})),
  );
  await eachOf(providers?.OpenIDConnectProviderList ?? [], atOnce, async ({ Arn: arn = '' }) => {
    const provider = await attempt(
      'GetOpenIDConnectProvider',
      () => client.send(new iam.GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: arn })),
      `\`${arn}\``,
    );
    // One that is not described is there all the same.
    const url = provider?.Url?.replace(/^https:\/\//, '') ?? arn.slice(arn.indexOf('/') + 1);
    tell(`aws iam get-open-id-connect-provider --open-id-connect-provider-arn ${arn}`, {
      ...{ fact: 'oidcProvider', arn, url },
      ...(provider !== undefined && { clientIds: provider.ClientIDList ?? [] }),
    });
  });
  if (providers !== undefined) {
    const lists = ['oidcProviders'] as const;
    tell('aws iam list-open-id-connect-providers', { fact: 'complete', accountId, lists });
  }
}

/** The keys of a user, each with when it was used last; undefined where they were not told. */
async function fetchKeys(
  iam: Iam,
  client: IAMClient,
  UserName: string,
  attempt: Attempt,
): Promise<Keys | undefined> {
  const listed: AccessKeyMetadata[] = [];
  let Marker: string | undefined;
  do {
    const input = { UserName, ...(Marker !== undefined && { Marker }) };
    const page = await attempt(
      'ListAccessKeys',
      () => client.send(new iam.ListAccessKeysCommand(input)),
      `user \`${UserName}\``,
    );
    if (page === undefined) return undefined;
    listed.push(...(page.AccessKeyMetadata ?? []));
    Marker = page.IsTruncated === true ? page.Marker : undefined;
  } while (Marker !== undefined);
  const keys: Keys[number][] = [];
  for (const { AccessKeyId: accessKeyId, Status, CreateDate } of listed) {
    if (accessKeyId === undefined) continue;
    const used = await attempt(
      'GetAccessKeyLastUsed',
      () => client.send(new iam.GetAccessKeyLastUsedCommand({ AccessKeyId: accessKeyId })),
      `key \`${accessKeyId}\` of \`${UserName}\``,
    );
    const lastUsedAt = used?.AccessKeyLastUsed?.LastUsedDate?.getTime();
    keys.push({
      // Whatever else it may be one day: only one that says so cannot be used.
      ...{ accessKeyId, status: Status === 'Inactive' ? 'Inactive' : 'Active' },
      ...(CreateDate !== undefined && { createdAt: CreateDate.getTime() }),
      ...(lastUsedAt !== undefined && { lastUsedAt }),
    });
  }
  return keys;
}

/** A user without a password is an answer, too. */
async function hasLoginProfile(iam: Iam, client: IAMClient, UserName: string): Promise<boolean> {
  try {
    await client.send(new iam.GetLoginProfileCommand({ UserName }));
    return true;
  } catch (error) {
    if (error instanceof Error && error.name.startsWith('NoSuchEntity')) return false;
    throw error;
  }
}

/** `AccessDenied` of IAM, `AccessDeniedException` of EKS. */
export function isDenied(error: unknown): boolean {
  return error instanceof Error && error.name.startsWith('AccessDenied');
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
