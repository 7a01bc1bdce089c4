import type { JsonObject } from '../../../access/json.ts';
import { isAccountId, parseArn } from '../../../engine/arn/arn.ts';
import type { Findings } from '../facts.ts';
import type { FileDocument } from '../text/documents.ts';
import { isCredentialReport, readCredentialReport } from './credentialreport.ts';
import { credentialAnswers } from './credentials.ts';
import { type AnswerReader, eksAnswers } from './eks.ts';
import { iamAnswers } from './iam.ts';
import { otherAnswers } from './otheranswers.ts';

const answers: ReadonlyMap<string, AnswerReader> = new Map<string, AnswerReader>([
  ...eksAnswers,
  ...iamAnswers,
  ...credentialAnswers,
  ...otherAnswers,
  ['Account', readCallerIdentity],
  ['ReportFormat', readReport],
]);

/** What may stand beside the member that gives an answer away. */
const companions = new Set([
  ...['nextToken', 'NextToken', 'IsTruncated', 'Marker', 'ResponseMetadata', 'clusterName', 'principalArn'],
  ...['UserId', 'Arn', 'Content', 'GeneratedTime', 'UserName', 'RoleName', 'GroupName', 'PolicyName'],
  ...['Url', 'ThumbprintList', 'CreateDate', 'Tags', 'PackedPolicySize', 'AssumedRoleUser'],
]);

/** Whether an object is an answer of AWS that is known here, as the AWS CLI prints it. */
export function isAnswer(value: JsonObject): boolean {
  const names = Object.keys(value);
  return (
    names.some((name) => answers.has(name)) &&
    names.every((name) => answers.has(name) || companions.has(name))
  );
}

/** By the first member in the order above: `Group` before the `Users` in it. */
export function readAnswer(document: FileDocument, value: JsonObject, findings: Findings): void {
  for (const [name, read] of answers) {
    if (!Object.hasOwn(value, name)) continue;
    read(document, value, findings);
    return;
  }
}

/** `aws sts get-caller-identity`: whose the files are. */
function readCallerIdentity({ placeOf }: FileDocument, value: JsonObject, findings: Findings): void {
  const { Account: accountId, Arn: arn } = value;
  const place = placeOf(value);
  if (typeof accountId !== 'string' || !isAccountId(accountId)) {
    findings.gap({ area: 'iam', reason: '`Account` is no account id of twelve digits', place });
    return;
  }
  const partition = typeof arn === 'string' ? parseArn(arn)?.partition : undefined;
  findings.add({ fact: 'account', accountId, ...(partition !== undefined && { partition }), place });
}

/** `aws iam get-credential-report`. */
function readReport({ placeOf }: FileDocument, { Content: content }: JsonObject, findings: Findings): void {
  const text = typeof content === 'string' ? Buffer.from(content, 'base64').toString('utf8') : '';
  if (isCredentialReport(text)) readCredentialReport(text, placeOf, findings);
  else findings.gap({ area: 'iam', reason: '`Content` is no credential report', place: placeOf() });
}
