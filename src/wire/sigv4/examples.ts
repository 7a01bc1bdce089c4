import type { HttpRequest } from '../protocols/http.ts';
import type { CredentialLookup, KnownCredential } from './credential.ts';
import { type SigningScope, signRequest } from './sign.ts';

/** Builders for tests of signatures and tokens: the documentation's example keys and a look-up that holds them. */
export const exampleNow = Date.UTC(2026, 0, 15, 12, 0, 0);

export const exampleUser: KnownCredential = {
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  principal: {
    kind: 'user',
    accountId: '111122223333',
    partition: 'aws',
    arn: 'arn:aws:iam::111122223333:user/alice',
    userId: 'AIDAEXAMPLEEXAMPLEEXA',
    principalId: 'AIDAEXAMPLEEXAMPLEEXA',
    principalArn: 'arn:aws:iam::111122223333:user/alice',
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    userName: 'alice',
  },
};

export const exampleSessionToken = 'FwoGZXIvYXdzEXAMPLE//+token==';

export const exampleSession: KnownCredential = {
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  principal: {
    kind: 'assumedRole',
    accountId: '111122223333',
    partition: 'aws',
    arn: 'arn:aws:sts::111122223333:assumed-role/ops/alice',
    userId: 'AROAEXAMPLEEXAMPLEEXA:alice',
    principalId: 'AROAEXAMPLEEXAMPLEEXA',
    principalArn: 'arn:aws:iam::111122223333:role/ops',
    accessKeyId: 'ASIAIOSFODNN7EXAMPLE',
    roleName: 'ops',
    sessionName: 'alice',
    session: { issuedAt: exampleNow - 60_000, expiresAt: exampleNow + 3_600_000 },
  },
};

/** Knows the two credentials above and answers about them as a real store would. */
export const exampleLookup: CredentialLookup = async (accessKeyId, sessionToken, now) => {
  if (accessKeyId === exampleUser.principal.accessKeyId) {
    return sessionToken === undefined
      ? { status: 'known', credential: exampleUser }
      : { status: 'badSessionToken' };
  }
  if (accessKeyId !== exampleSession.principal.accessKeyId) return { status: 'unknown' };
  if (sessionToken !== exampleSessionToken) return { status: 'badSessionToken' };
  const ended = (exampleSession.principal.session?.expiresAt ?? 0) <= now;
  return { status: ended ? 'expired' : 'known', credential: exampleSession };
};

/** What a principal's owner signs with. */
export function signingScope(
  credential: KnownCredential,
  changes: Partial<SigningScope> & { readonly sessionToken?: string } = {},
): SigningScope {
  const { sessionToken, ...rest } = changes;
  return {
    credentials: {
      accessKeyId: credential.principal.accessKeyId,
      secretAccessKey: credential.secretAccessKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
    },
    region: 'us-east-1',
    service: 'sts',
    now: exampleNow,
    ...rest,
  };
}

export interface ExampleRequest {
  readonly method?: string;
  readonly host?: string;
  readonly path?: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A signed request as a server receives it. */
export function signedExample(example: ExampleRequest, scope: SigningScope): HttpRequest {
  const request = {
    method: example.method ?? 'POST',
    host: example.host ?? 'sts.us-east-1.amazonaws.com',
    path: example.path ?? '/',
    query: example.query ?? '',
    headers: example.headers ?? {},
    body: Buffer.from(example.body ?? ''),
  };
  return {
    method: request.method,
    path: request.path,
    query: request.query,
    headers: Object.entries(signRequest(request, scope)),
    body: request.body,
  };
}

/** The same request with one header replaced, or removed with `undefined`. */
export function withHeader(request: HttpRequest, name: string, value: string | undefined): HttpRequest {
  const others = request.headers.filter(([key]) => key !== name);
  return { ...request, headers: value === undefined ? others : [...others, [name, value]] };
}
