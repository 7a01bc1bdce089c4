import { parseArn } from '../arn/arn.ts';
import { isPartition } from '../arn/partitions.ts';
import type { Located, PolicyDocument, PolicyKind, PolicyResult, Statement } from './document.ts';
import { InvalidPolicy, legacyParsing } from './fault.ts';
import { parsePolicy } from './parse.ts';
import { checkTrustStatement } from './trustrules.ts';

/**
 * What IAM refuses when a policy is written (iam-facts A1 to A15), with AWS's texts. A fault is always
 * `MalformedPolicyDocument`. Whether the users and roles that a trust policy names exist is the caller's to check
 * (`trustedPrincipalArns`); sizes are too.
 */
export function validatePolicy(text: string, kind: PolicyKind): PolicyResult {
  const parsed = parsePolicy(text, kind);
  if (!parsed.ok) return parsed;
  try {
    checkDocument(parsed.document);
    return parsed;
  } catch (error) {
    if (error instanceof InvalidPolicy) return { ok: false, fault: error.fault };
    throw error;
  }
}

function checkDocument(document: PolicyDocument): void {
  const { kind, version, statements } = document;
  // COMPAT: recorded for CreatePolicy; not documented for inline policies, where we refuse too (iam-facts A5).
  if ((kind === 'identity' || kind === 'boundary') && version !== '2012-10-17') {
    throw new InvalidPolicy(
      'Policy document must be version 2012-10-17 or greater.',
      '`Version` is not `2012-10-17`',
      { line: 1, column: 1 },
    );
  }
  checkSids(statements);
  for (const statement of statements) {
    for (const action of statement.action.entries) checkAction(action);
    for (const resource of statement.resource?.entries ?? []) checkResource(resource);
    if (kind === 'trust') checkTrustStatement(statement);
  }
}

function checkSids(statements: readonly Statement[]): void {
  const seen = new Set<string>();
  for (const { sid } of statements) {
    if (sid === undefined) continue;
    if (!/^[0-9A-Za-z]*$/.test(sid.value)) {
      throw new InvalidPolicy(
        'Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*',
        `\`${sid.value}\` is no statement id`,
        sid.position,
      );
    }
    // Empty ids name nothing, so two of them are not the same name.
    if (sid.value !== '' && seen.has(sid.value)) {
      throw new InvalidPolicy(
        'Statement IDs (SID) in a single policy must be unique.',
        `the statement id \`${sid.value}\` is repeated`,
        sid.position,
      );
    }
    seen.add(sid.value);
  }
}

function checkAction({ value, position }: Located<string>): void {
  if (value === '*') return;
  const [vendor = '', name, ...more] = value.split(':');
  if (name === undefined) {
    throw new InvalidPolicy(
      'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.',
      `the action \`${value}\` has no service prefix`,
      position,
    );
  }
  if (more.length > 0) {
    throw new InvalidPolicy(
      'Actions/Condition can contain only one colon.',
      `the action \`${value}\` has several colons`,
      position,
    );
  }
  // No wildcard in the prefix either (iam-facts B2).
  if (!/^[A-Za-z0-9.-]+$/.test(vendor)) {
    throw new InvalidPolicy(`Vendor ${vendor} is not valid`, `\`${vendor}\` is no service prefix`, position);
  }
  if (name === '') throw new InvalidPolicy(legacyParsing, `the action \`${value}\` has no name`, position);
}

/** How the resource part of an IAM ARN may begin (iam-facts A13). */
const iamPathStarts = [
  'user/',
  'federated-user/',
  'role/',
  'group/',
  'instance-profile/',
  'mfa/',
  'server-certificate/',
  'policy/',
  'sms-mfa/',
  'saml-provider/',
  'oidc-provider/',
  'report/',
  'access-report/',
];

function checkResource({ value, position }: Located<string>): void {
  if (value === '*') return;
  if (!value.startsWith('arn:')) {
    throw new InvalidPolicy(
      `Resource ${value} must be in ARN format or "*".`,
      `\`${value}\` is no ARN`,
      position,
    );
  }
  const partition = value.split(':')[1] ?? '';
  if (partition !== '*' && !isPartition(partition)) {
    throw new InvalidPolicy(
      `Partition "${partition}" is not valid for resource "${value}".`,
      `\`${partition}\` is no partition`,
      position,
    );
  }
  const arn = parseArn(value);
  if (arn === undefined) throw new InvalidPolicy(legacyParsing, `\`${value}\` is not a whole ARN`, position);
  if (!/^[A-Za-z0-9.-]+$/.test(arn.service)) {
    throw new InvalidPolicy(
      'Resource vendor must be fully qualified and cannot contain regexes.',
      `\`${arn.service}\` is no service`,
      position,
    );
  }
  if (arn.service !== 'iam') return;
  if (arn.region !== '') {
    throw new InvalidPolicy(
      `IAM resource ${value} cannot contain region information.`,
      `\`${value}\` has a region`,
      position,
    );
  }
  if (arn.resource !== '*' && !iamPathStarts.some((start) => arn.resource.startsWith(start))) {
    throw new InvalidPolicy(
      `IAM resource path must either be "*" or start with ${iamPathStarts.join(', ')}.`,
      `\`${arn.resource}\` is no IAM resource`,
      position,
    );
  }
}
