import type { AnswerReader } from './eks.ts';
import { readingOf } from './iam.ts';

/** Answers that would tell of access, but do not say whose it is: by the member that gives them away, and what is missing. */
const ofNobody: ReadonlyMap<string, string> = new Map([
  ['AttachedPolicies', 'whose policies these are'],
  ['PolicyNames', 'whose policies these are'],
  ['PolicyVersion', 'which policy this is'],
  ['Versions', 'which policy these are of'],
  ['PolicyGroups', 'which policy these have'],
  ['PolicyUsers', 'which policy these have'],
  ['PolicyRoles', 'which policy these have'],
]);

/** Answers that grant nothing. SECURITY: some hold secrets, so nothing of them is looked at. */
const harmless: readonly string[] = [
  ...['accessPolicies', 'addon', 'addons', 'addonVersions', 'nodegroup', 'nodegroups', 'fargateProfile'],
  ...['fargateProfileNames', 'update', 'updateIds', 'insight', 'insights', 'clusterVersions'],
  ...['InstanceProfiles', 'InstanceProfile', 'AccountAliases', 'PasswordPolicy', 'SAMLProviderList'],
  ...['ServerCertificateMetadataList', 'AccessKey', 'Credentials', 'SSHPublicKeys', 'Certificates'],
  'ServiceSpecificCredentials',
];

/** Answers that are known, and not read. */
export const otherAnswers: ReadonlyMap<string, AnswerReader> = new Map<string, AnswerReader>([
  ...[...ofNobody].map(([name, missing]) => [name, readOfNobody(missing)] as const),
  ...harmless.map((name) => [name, readHarmless(name)] as const),
]);

function readOfNobody(missing: string): AnswerReader {
  return (document, value, findings) => {
    readingOf(document, findings).gap(
      `this answer does not say ${missing}: it is left out; \`aws iam get-account-authorization-details\` prints all policies and who has them`,
      value,
    );
  };
}

function readHarmless(name: string): AnswerReader {
  return (_, __, { ignore }) => ignore(`answers with ${name}`);
}
