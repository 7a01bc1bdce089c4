import { isAccountId, parseArn } from '../arn/arn.ts';
import { lowerAscii } from '../arn/case.ts';
import { isPartition } from '../arn/partitions.ts';
import { parsePrincipalArn } from '../arn/principalarn.ts';
import { uniqueIdKind } from '../arn/uniqueid.ts';
import type { PolicyDocument, PrincipalType, Statement } from './document.ts';
import { InvalidPolicy } from './fault.ts';

/** The actions a trust policy may speak about (iam-facts A14), lower case; `sts:*` and the like cover some of them. */
const trustActions = [
  'sts:assumerole',
  'sts:assumerolewithwebidentity',
  'sts:assumerolewithsaml',
  'sts:tagsession',
  'sts:setsourceidentity',
  'sts:setcontext',
];

export function checkTrustStatement(statement: Statement): void {
  const { action, principal } = statement;
  const bad = action.negated ? action.entries[0] : action.entries.find(({ value }) => !isTrustAction(value));
  if (bad !== undefined) {
    throw new InvalidPolicy(
      'AssumeRole policy may only specify STS AssumeRole actions.',
      `\`${bad.value}\` is no action of a trust policy`,
      bad.position,
    );
  }
  for (const { type, value, position } of principal?.entries ?? []) {
    if (isTrustPrincipal(type, value)) continue;
    throw new InvalidPolicy(
      `Invalid principal in policy: "${type}":"${value}"`,
      `\`${value}\` names no principal`,
      position,
    );
  }
}

function isTrustAction(action: string): boolean {
  const text = lowerAscii(action);
  return trustActions.includes(text) || /^sts:[a-z]*[*?][a-z*?]*$/.test(text);
}

/** Providers that are named by host instead of by ARN. */
const namedProviders = [
  'accounts.google.com',
  'cognito-identity.amazonaws.com',
  'graph.facebook.com',
  'www.amazon.com',
];

function isTrustPrincipal(type: PrincipalType, value: string): boolean {
  switch (type) {
    case 'AWS': {
      if (value === '*' || isAccountId(value) || parsePrincipalArn(value) !== undefined) return true;
      const kind = uniqueIdKind(value);
      return kind === 'user' || kind === 'role';
    }
    case 'Service':
      return /^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(value);
    case 'Federated': {
      if (namedProviders.includes(value)) return true;
      const arn = parseArn(value);
      return (
        arn !== undefined &&
        isPartition(arn.partition) &&
        arn.service === 'iam' &&
        arn.region === '' &&
        isAccountId(arn.accountId) &&
        /^(?:oidc|saml)-provider\/[^*?]+$/.test(arn.resource)
      );
    }
    case 'CanonicalUser':
      // S3's idea of a person; no role session can be one.
      return false;
    default:
      return type satisfies never;
  }
}

/**
 * The user and role ARNs a trust policy names, each once: those that IAM pins to unique ids on save and refuses when
 * nobody has them, with `invalidPrincipalMessage` (iam-facts A11).
 */
export function trustedPrincipalArns(document: PolicyDocument): readonly string[] {
  const arns = document.statements
    .flatMap((statement) => statement.principal?.entries ?? [])
    .filter(({ type, value }) => type === 'AWS' && isPinned(value))
    .map(({ value }) => value);
  return [...new Set(arns)];
}

export function invalidPrincipalMessage(arn: string): string {
  return `Invalid principal in policy: "AWS":"${arn}"`;
}

function isPinned(value: string): boolean {
  const kind = parsePrincipalArn(value)?.kind;
  return kind === 'user' || kind === 'role';
}
