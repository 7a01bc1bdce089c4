import { uniqueIdKind } from '../../engine/arn/uniqueid.ts';
import { type SigningCredentials, signRequest } from '../../wire/sigv4/sign.ts';
import { stsHost } from '../../wire/token/hosts.ts';
import { parseStsResponse } from '../../wire/token/stsresponse.ts';
import type { AwsConnections } from './connections.ts';
import { callQuery, QueryError } from './query.ts';
import { textAt } from './xml.ts';

/** A role or user of AWS, by the ARN that somebody wrote. */
export interface AwsPrincipalName {
  readonly kind: 'role' | 'user';
  readonly accountId: string;
  /** Without path. */
  readonly name: string;
  readonly arn: string;
}

export type AwsPrincipalAnswer =
  | { readonly outcome: 'found'; readonly principalId: string }
  /** AWS says that nobody has exactly this ARN. */
  | { readonly outcome: 'none' }
  /** Nobody could say; `because` is one line without secrets. */
  | { readonly outcome: 'unknown'; readonly because: string; readonly isTemporary: boolean };

export interface AwsIamOptions {
  readonly iamConnections: AwsConnections;
  readonly stsConnections: AwsConnections;
  /** Read anew for each question; rejects when they cannot be read. */
  readonly credentials: () => Promise<SigningCredentials>;
  /** STS is asked there whose the credentials are. */
  readonly region: string;
  readonly now: () => number;
}

/**
 * Asks AWS's IAM for the unique id of a principal (`iam:GetRole`, `iam:GetUser`). Never rejects.
 *
 * INVARIANT: IAM answers for the account of the credentials, whatever account the ARN names. Whose they are is asked
 * first, because "no such role" of another account says nothing.
 */
export function createAwsIam(
  options: AwsIamOptions,
): (principal: AwsPrincipalName) => Promise<AwsPrincipalAnswer> {
  const { iamConnections, credentials, now } = options;
  let known: { readonly credentials: SigningCredentials; readonly accountId: string } | undefined;

  const accountOf = async (current: SigningCredentials): Promise<string> => {
    if (known?.credentials === current) return known.accountId;
    const accountId = await askAccount(options, current);
    known = { credentials: current, accountId };
    return accountId;
  };

  return async ({ kind, accountId, name, arn }) => {
    try {
      const current = await credentials().catch((): never => {
        throw new QueryError('the file of --aws-credentials cannot be read', { isTemporary: false });
      });
      const ownAccount = await accountOf(current);
      if (ownAccount !== accountId) {
        return {
          outcome: 'unknown',
          because: `the credentials of --aws-credentials are of account \`${ownAccount}\``,
          isTemporary: false,
        };
      }
      const shape = kind === 'role' ? roleShape : userShape;
      const answer = await callQuery(
        iamConnections,
        current,
        { ...iam, action: shape.action, parameters: [[shape.parameter, name]] },
        now(),
      );
      const member = (leaf: string) => textAt(answer, `${shape.action}Result`, shape.element, leaf);
      const principalId = member(shape.id);
      const foundArn = member('Arn');
      if (foundArn === undefined || principalId === undefined || uniqueIdKind(principalId) !== kind) {
        return { outcome: 'unknown', because: 'the answer of AWS has no unique id', isTemporary: false };
      }
      // Another path is another principal (eks-access-facts B12).
      if (foundArn !== arn) return { outcome: 'none' };
      return { outcome: 'found', principalId };
    } catch (error) {
      if (!(error instanceof QueryError)) {
        return { outcome: 'unknown', because: 'AWS could not be asked', isTemporary: true };
      }
      if (error.code === 'NoSuchEntity' && !error.isTemporary) return { outcome: 'none' };
      return { outcome: 'unknown', because: error.message, isTemporary: error.isTemporary };
    }
  };
}

/** The commercial partition's one endpoint, signed for us-east-1 wherever one is. */
const iam = {
  service: 'iam',
  host: 'iam.amazonaws.com',
  region: 'us-east-1',
  version: '2010-05-08',
} as const;
const roleShape = { action: 'GetRole', parameter: 'RoleName', element: 'Role', id: 'RoleId' } as const;
const userShape = { action: 'GetUser', parameter: 'UserName', element: 'User', id: 'UserId' } as const;

async function askAccount(
  { stsConnections, region, now }: AwsIamOptions,
  credentials: SigningCredentials,
): Promise<string> {
  const host = stsHost(region);
  const body = Buffer.from('Action=GetCallerIdentity&Version=2011-06-15');
  const headers = signRequest(
    {
      method: 'POST',
      host,
      path: '/',
      query: '',
      headers: {
        accept: 'application/json',
        'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
      },
      body,
    },
    { credentials, region, service: 'sts', now: now() },
  );
  const response = await stsConnections
    .send({ host, method: 'POST', path: '/', headers, body })
    .catch((): never => {
      throw new QueryError('AWS cannot be asked whose the credentials of --aws-credentials are', {
        isTemporary: true,
      });
    });
  const answer = parseStsResponse({
    status: response.status,
    body: Buffer.from(response.body).toString('utf8'),
  });
  if (answer.ok) return answer.identity.accountId;
  throw new QueryError('AWS does not say whose the credentials of --aws-credentials are', {
    isTemporary: answer.verdict === 'none',
  });
}
