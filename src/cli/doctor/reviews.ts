import type { Answer, Call, WebhookTarget } from './call.ts';
import type { Finding, Group, Severity } from './finding.ts';

/** The user an authenticated token has, as the reviews carry it. */
export interface ReviewedUser {
  readonly username: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

export const versions = ['v1', 'v1beta1'] as const;
export type Version = (typeof versions)[number];

/** What no answer may take: an API server waits with the user's request. */
const slowMs = 1000;
/** No API server has it: no answer may be for it. */
const audience = 'https://doctor.entryway.example';

/** A TokenReview as an API server sends it (kubernetes-facts C4). */
export function tokenReview(version: Version, token: string, audiences?: readonly string[]): unknown {
  return {
    kind: 'TokenReview',
    apiVersion: `authentication.k8s.io/${version}`,
    metadata: { creationTimestamp: null },
    spec: { token, ...(audiences !== undefined && { audiences }) },
    status: { user: {} },
  };
}

/** May this user list pods in `default`? v1beta1 says `group` where v1 says `groups` (B23). */
export function accessReview(version: Version, user: ReviewedUser): unknown {
  const { username, uid, groups, extra } = user;
  return {
    kind: 'SubjectAccessReview',
    apiVersion: `authorization.k8s.io/${version}`,
    metadata: { creationTimestamp: null },
    spec: {
      resourceAttributes: { namespace: 'default', verb: 'list', version: 'v1', resource: 'pods' },
      user: username,
      uid,
      [version === 'v1' ? 'groups' : 'group']: groups,
      extra,
    },
    status: { allowed: false },
  };
}

/** A token that is nobody's must be refused with a verdict, which an API server remembers, and at once. */
export async function checkGarbageToken(
  target: WebhookTarget,
  version: Version,
  call: Call,
): Promise<{
  readonly findings: readonly Finding[];
  /** Those about the version alone. */
  readonly versionFindings: readonly Finding[];
  readonly answer: Answer;
}> {
  const answer = await call(target, tokenReview(version, 'not-a-token-of-anybody'));
  const read = readReview(answer, 'TokenReview', `authentication.k8s.io/${version}`, 'token reviews');
  const versionFindings = read.findings;
  if (read.status === undefined) return { findings: versionFindings, versionFindings, answer };
  const isRefused = read.status.authenticated !== true;
  return {
    answer,
    versionFindings,
    findings: [
      ...versionFindings,
      isRefused
        ? tokens('ok', 'garbage', `a token of nobody is refused with a verdict in ${took(answer)}`)
        : tokens(
            'error',
            'garbage',
            'a token of nobody is accepted',
            'this is not Entryway: take the webhook away',
          ),
      ...(answer.milliseconds > slowMs
        ? [
            tokens(
              'warning',
              'slow',
              `the refusal took ${took(answer)}`,
              'look at the load of the server and the way to it',
            ),
          ]
        : []),
    ],
  };
}

/** A real token: whose it is, or why it is refused. `isGiven`: the operator named it, so that a refusal matters. */
export async function checkToken(
  target: WebhookTarget,
  token: string,
  options: { readonly call: Call; readonly isGiven: boolean; readonly whose: string },
): Promise<{ readonly findings: readonly Finding[]; readonly user?: ReviewedUser }> {
  const { call, isGiven, whose } = options;
  const answer = await call(target, tokenReview('v1', token));
  const read = readReview(answer, 'TokenReview', 'authentication.k8s.io/v1', 'token reviews', 'quiet');
  if (read.status === undefined) return { findings: read.findings };
  const { authenticated, error, audiences } = read.status;
  if (authenticated !== true) {
    const reason = typeof error === 'string' && error !== '' ? error : 'no reason is given';
    return {
      findings: [
        tokens(
          isGiven ? 'error' : 'info',
          'token',
          `${whose} is refused: ${reason}`,
          isGiven
            ? 'give the principal an access entry with `aws eks create-access-entry`, or look at the reason'
            : 'judge one that has an access entry: --role ARN, --user NAME or --token FILE',
        ),
      ],
    };
  }
  const user = userOf(read.status.user);
  return {
    findings: [
      tokens('ok', 'token', `${whose} is user \`${user.username}\`${inGroups(user.groups)}`),
      ...(await checkAudiences(target, token, audiences, call)),
    ],
    user,
  };
}

/**
 * An answer without audiences is good for the API server's own alone (C5). One with audiences is for these: asked for
 * another, the same token must be refused.
 */
async function checkAudiences(
  target: WebhookTarget,
  token: string,
  named: unknown,
  call: Call,
): Promise<readonly Finding[]> {
  const answer = await call(target, tokenReview('v1', token, [audience]));
  const read = readReview(answer, 'TokenReview', 'authentication.k8s.io/v1', 'token reviews', 'quiet');
  if (read.status === undefined) return read.findings;
  const own = textsOf(named);
  const { authenticated, audiences } = read.status;
  if (own.length === 0 && authenticated === true && textsOf(audiences).length === 0) {
    return [tokens('ok', 'audiences', 'the answer names no audience: it is good for the API server alone')];
  }
  if (own.length > 0 && authenticated !== true) {
    return [
      tokens('ok', 'audiences', `the answer is for ${own.map((one) => `\`${one}\``).join(', ')} alone`),
    ];
  }
  return authenticated === true
    ? [
        tokens(
          'error',
          'audiences',
          'a token is accepted for an audience that no API server has',
          'this is not Entryway: take the webhook away',
        ),
      ]
    : [
        tokens(
          'error',
          'audiences',
          'a token is refused as soon as an audience is asked for, which API servers do',
          'look at `entryway cluster audiences`, and run this again: the audiences may have changed meanwhile',
        ),
      ];
}

/** The answer to a question about access: allowed or nothing, and never denied, which would end the chain (C9). */
export async function checkAccess(
  target: WebhookTarget,
  version: Version,
  user: ReviewedUser | undefined,
  call: Call,
): Promise<readonly Finding[]> {
  const answer = await call(target, accessReview(version, user ?? nobody));
  const read = readReview(answer, 'SubjectAccessReview', `authorization.k8s.io/${version}`, 'access reviews');
  if (read.status === undefined) return read.findings;
  const { allowed, denied } = read.status;
  const findings = [...read.findings];
  if (denied === true) {
    findings.push(
      access(
        'error',
        'denied',
        'the answer denies, which takes from the user what RBAC allows',
        'this is not Entryway: take the webhook away',
      ),
    );
  }
  if (user === undefined && allowed === true) {
    findings.push(
      access(
        'error',
        'stranger',
        'a user whom Entryway does not know is allowed',
        'this is not Entryway: take the webhook away',
      ),
    );
  } else if (version === 'v1') {
    // The versions differ in form alone: to say it once is enough.
    findings.push(opinion(user, allowed === true));
  }
  return findings;
}

function opinion(user: ReviewedUser | undefined, allowed: boolean): Finding {
  if (user === undefined) {
    return access('ok', 'stranger', 'about a user whom Entryway does not know there is no opinion');
  }
  const question = `\`${user.username}\` to list pods in \`default\``;
  return allowed
    ? access('ok', 'allowed', `an access policy allows ${question}`)
    : access('info', 'allowed', `no access policy allows ${question}: RBAC decides alone`);
}

/** A user whom Entryway did not authenticate. */
export const nobody: ReviewedUser = {
  username: 'doctor:nobody',
  uid: '',
  groups: ['system:authenticated'],
  extra: {},
};

interface ReadReview {
  readonly findings: readonly Finding[];
  /** Undefined when the answer is no such review. */
  readonly status?: Readonly<Record<string, unknown>>;
}

/** `quiet`: that the version came back was said already. */
function readReview(
  answer: Answer,
  kind: string,
  apiVersion: string,
  group: Group,
  quiet?: 'quiet',
): ReadReview {
  const failed = (code: string, message: string, hint?: string): ReadReview => ({
    findings: [{ group, severity: 'error', code, message, ...(hint !== undefined && { hint }) }],
  });
  if (answer.status === 401 || answer.status === 403) {
    return failed(
      'clientCertificateRefused',
      `the client certificate is refused with ${answer.status}`,
      'look at `entryway cluster credentials list`: it may be revoked, or of another cluster; then make a new bundle',
    );
  }
  if (answer.status < 200 || answer.status > 206) {
    return failed(
      'status',
      `a ${kind} of ${apiVersion} is answered with ${answer.status}`,
      'look at the log of the server',
    );
  }
  let review: unknown;
  try {
    review = JSON.parse(answer.body);
  } catch {
    return failed('body', `a ${kind} of ${apiVersion} is answered with something that is no JSON`);
  }
  const object = isObject(review) ? review : {};
  if (object.kind !== kind || object.apiVersion !== apiVersion) {
    return failed(
      'versionEcho',
      `a ${kind} of ${apiVersion} comes back as ${String(object.kind)} of ${String(object.apiVersion)}`,
      'an API server cannot read such an answer: bring the server up to date',
    );
  }
  return {
    findings:
      quiet === undefined
        ? [
            {
              group,
              severity: 'ok',
              code: 'versionEcho',
              message: `${apiVersion} is answered in the same version`,
            },
          ]
        : [],
    status: isObject(object.status) ? object.status : {},
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textsOf(list: unknown): readonly string[] {
  return Array.isArray(list) ? list.map(String) : [];
}

function userOf(value: unknown): ReviewedUser {
  const { username, uid, groups, extra } = isObject(value) ? value : {};
  return {
    username: String(username ?? ''),
    uid: String(uid ?? ''),
    groups: textsOf(groups),
    extra: Object.fromEntries(
      Object.entries(isObject(extra) ? extra : {}).map(([key, values]) => [key, textsOf(values)]),
    ),
  };
}

function inGroups(groups: readonly string[]): string {
  return groups.length === 0 ? ', in no group' : `, in ${groups.map((name) => `\`${name}\``).join(', ')}`;
}

function took({ milliseconds }: Answer): string {
  return `${Math.round(milliseconds)} ms`;
}

function tokens(severity: Severity, code: string, message: string, hint?: string): Finding {
  return { group: 'token reviews', severity, code, message, ...(hint !== undefined && { hint }) };
}

function access(severity: Severity, code: string, message: string, hint?: string): Finding {
  return { group: 'access reviews', severity, code, message, ...(hint !== undefined && { hint }) };
}
