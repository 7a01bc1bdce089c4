import { asObject, asText, type JsonObject } from '../../../access/json.ts';
import type { Gap, SnapshotCluster } from '../../../engine/analysis/snapshot/snapshot.ts';
import { parseArn } from '../../../engine/arn/arn.ts';
import { readAssociation } from '../../podcredentials.ts';
import type { AssociatedPolicy, ClusterRef, Findings } from '../facts.ts';
import { type Members, membersOf } from '../members.ts';
import type { FileDocument } from '../text/documents.ts';

/** Reads one answer of EKS's API as the AWS CLI prints it. */
export type AnswerReader = (document: FileDocument, value: JsonObject, findings: Findings) => void;

/** By the member that gives an answer away (eks-access-facts A1). */
export const eksAnswers: ReadonlyMap<string, AnswerReader> = new Map<string, AnswerReader>([
  ['cluster', readCluster],
  ['clusters', readClusterNames],
  ['accessEntry', readAccessEntry],
  ['accessEntries', readEntryNames],
  ['associatedAccessPolicies', readPolicies],
  ['identityProviderConfig', readIdentityProvider],
  ['identityProviderConfigs', readProviderNames],
  ['association', readPodIdentity],
  ['associations', readPodIdentityNames],
]);

function toolsFor({ placeOf }: FileDocument, findings: Findings, area: Gap['area']) {
  const gap = (reason: string, part?: unknown): void => findings.gap({ area, reason, place: placeOf(part) });
  return { gap, members: (object: JsonObject, what: string): Members => membersOf(object, what, gap) };
}

const modes = ['CONFIG_MAP', 'API_AND_CONFIG_MAP', 'API'] as const;

/** One of the three (eks-access-facts D1); another is reported. */
export function readMode(
  mode: string | undefined,
  gap: (reason: string) => void,
): SnapshotCluster['authenticationMode'] | undefined {
  const known = modes.find((candidate) => candidate === mode);
  if (mode !== undefined && known === undefined) gap(`\`${mode.slice(0, 100)}\` is no authentication mode`);
  return known;
}

/** Account and region of an ARN of EKS. */
export function placeOfArn(arn: string | undefined): Omit<ClusterRef, 'name'> {
  const { partition, accountId, region } = (arn === undefined ? undefined : parseArn(arn)) ?? {};
  return {
    ...(partition && { partition }),
    ...(accountId && { accountId }),
    ...(region && { region }),
  };
}

function readCluster(document: FileDocument, value: JsonObject, findings: Findings): void {
  const { gap, members } = toolsFor(document, findings, 'cluster');
  const object = asObject(value.cluster);
  const name = asText(object?.name);
  if (object === undefined || name === undefined) {
    gap('this `cluster` has no name that can be read', value);
    return;
  }
  const of = members(object, `cluster \`${name}\``);
  const accessConfig = of.object('accessConfig') ?? {};
  const access = members(accessConfig, `\`accessConfig\` of cluster \`${name}\``);
  const mode = access.text('authenticationMode');
  findings.add({
    fact: 'cluster',
    cluster: { name, ...placeOfArn(of.text('arn')) },
    told: {
      version: of.text('version'),
      createdAt: of.time('createdAt'),
      authenticationMode: readMode(mode, (reason) => gap(reason, object)),
      tags: of.textMap('tags'),
      issuer: asText(asObject(of.object('identity')?.oidc)?.issuer),
    },
    isCreatorSettled: access.boolean('bootstrapClusterCreatorAdminPermissions') === false,
    place: document.placeOf(object),
  });
}

function readClusterNames(document: FileDocument, value: JsonObject, findings: Findings): void {
  const { members, gap } = toolsFor(document, findings, 'cluster');
  const of = members(value, 'the answer of `aws eks list-clusters`');
  tellCut(value, gap);
  findings.add({ fact: 'clusterNames', names: of.texts('clusters') ?? [], place: document.placeOf(value) });
}

function readAccessEntry(document: FileDocument, value: JsonObject, findings: Findings): void {
  const { gap, members } = toolsFor(document, findings, 'accessEntries');
  const object = asObject(value.accessEntry);
  const principalArn = asText(object?.principalArn);
  const name = asText(object?.clusterName);
  if (object === undefined || principalArn === undefined || name === undefined) {
    gap('this `accessEntry` has no `principalArn` or `clusterName` that can be read', value);
    return;
  }
  const of = members(object, `the entry of \`${principalArn}\``);
  findings.add({
    fact: 'entry',
    cluster: { name, ...placeOfArn(of.text('accessEntryArn')) },
    principalArn,
    told: {
      type: of.text('type'),
      username: of.text('username'),
      kubernetesGroups: of.texts('kubernetesGroups'),
      createdAt: of.time('createdAt'),
      modifiedAt: of.time('modifiedAt'),
      tags: of.textMap('tags'),
    },
    place: document.placeOf(object),
  });
}

function readEntryNames(document: FileDocument, value: JsonObject, findings: Findings): void {
  const { gap, members } = toolsFor(document, findings, 'accessEntries');
  const of = members(value, 'the answer of `aws eks list-access-entries`');
  tellCut(value, gap);
  findings.add({
    ...{ fact: 'entryNames', cluster: {} },
    principalArns: of.texts('accessEntries') ?? [],
    areAll: !isCut(value),
    place: document.placeOf(value),
  });
}

function readPolicies(document: FileDocument, value: JsonObject, findings: Findings): void {
  const { gap, members } = toolsFor(document, findings, 'accessPolicies');
  const of = members(value, 'the answer of `aws eks list-associated-access-policies`');
  const name = of.text('clusterName');
  const principalArn = of.text('principalArn');
  if (name === undefined || principalArn === undefined) {
    gap('these `associatedAccessPolicies` name no cluster or no principal: they are left out', value);
    return;
  }
  tellCut(value, gap);
  const policies = (of.objects('associatedAccessPolicies') ?? []).flatMap((policy) => {
    const read = members(policy, `a policy of \`${principalArn}\``);
    const associatedAt = read.time('associatedAt');
    const associated = associatedPolicy(read.text('policyArn'), read.object('accessScope'), (reason) =>
      gap(`a policy of \`${principalArn}\` ${reason}: it is left out`, policy),
    );
    return associated === undefined
      ? []
      : [{ ...associated, ...(associatedAt !== undefined && { associatedAt }) }];
  });
  const place = document.placeOf(value);
  const areAll = !isCut(value);
  findings.add({ fact: 'policies', cluster: { name }, principalArn, policies, areAll, place });
}

/** A policy with its scope, whatever wrote it; undefined, and reported, where one of both cannot be read. */
export function associatedPolicy(
  policyArn: string | undefined,
  scope: JsonObject | undefined,
  report: (reason: string) => void,
): AssociatedPolicy | undefined {
  const type = scope?.type;
  const namespaces = scope?.namespaces ?? [];
  if (policyArn === undefined) report('has no ARN that can be read');
  else if (type !== 'cluster' && type !== 'namespace') report('has no scope that can be read');
  else if (!Array.isArray(namespaces) || !namespaces.every((name) => typeof name === 'string')) {
    report('has a scope whose namespaces are no texts');
  } else return { policyArn, accessScope: { type, namespaces: type === 'cluster' ? [] : namespaces } };
  return undefined;
}

function readIdentityProvider(document: FileDocument, value: JsonObject, findings: Findings): void {
  const { gap, members } = toolsFor(document, findings, 'identityProviders');
  const oidc = asObject(asObject(value.identityProviderConfig)?.oidc);
  const of = members(oidc ?? {}, 'this identity provider');
  const [name, clusterName] = [of.text('identityProviderConfigName'), of.text('clusterName')];
  const [issuerUrl, clientId] = [of.text('issuerUrl'), of.text('clientId')];
  if (name === undefined || clusterName === undefined || issuerUrl === undefined || clientId === undefined) {
    gap('this `identityProviderConfig` is no OIDC provider that can be read', value);
    return;
  }
  const optional = Object.fromEntries(
    (['usernameClaim', 'usernamePrefix', 'groupsClaim', 'groupsPrefix'] as const).flatMap((member) => {
      const text = of.text(member);
      return text === undefined ? [] : [[member, text] as const];
    }),
  );
  findings.add({
    fact: 'identityProvider',
    cluster: { name: clusterName, ...placeOfArn(of.text('identityProviderConfigArn')) },
    provider: { name, issuerUrl, clientId, ...optional },
    place: document.placeOf(oidc),
  });
}

/** `list-identity-provider-configs`, which tells names alone, of no cluster. */
function readProviderNames(document: FileDocument, value: JsonObject, findings: Findings): void {
  const { gap, members } = toolsFor(document, findings, 'identityProviders');
  tellCut(value, gap);
  for (const object of members(value, 'this answer').objects('identityProviderConfigs') ?? []) {
    const name = String(asText(object.name)).slice(0, 100);
    const hint = '`aws eks describe-identity-provider-config` prints whom it lets in';
    gap(`of identity provider \`${name}\` only the name is told: it is left out; ${hint}`, object);
  }
}

/** `describe-pod-identity-association`. */
function readPodIdentity(document: FileDocument, value: JsonObject, findings: Findings): void {
  const { gap, members } = toolsFor(document, findings, 'podIdentity');
  const object = asObject(value.association) ?? {};
  const of = members(object, 'this pod identity association');
  const clusterName = of.text('clusterName');
  const association = readAssociation(object);
  if (clusterName === undefined || association === undefined) {
    gap('this `association` names no cluster, service account or role: it is left out', value);
    return;
  }
  const cluster = { name: clusterName, ...placeOfArn(of.text('associationArn')) };
  findings.add({ fact: 'podIdentity', cluster, association, place: document.placeOf(object) });
}

/** `list-pod-identity-associations`, which does not tell the roles; an empty one does not tell the cluster either. */
function readPodIdentityNames(document: FileDocument, value: JsonObject, findings: Findings): void {
  const { gap, members } = toolsFor(document, findings, 'podIdentity');
  tellCut(value, gap);
  const listed = members(value, 'this answer').objects('associations') ?? [];
  const areAll = !isCut(value);
  if (listed.length === 0) {
    findings.add({
      ...{ fact: 'podIdentityNames', cluster: {}, accounts: [], areAll },
      place: document.placeOf(value),
    });
  }
  for (const object of listed) {
    const of = members(object, 'a pod identity association');
    const [name, namespace, serviceAccount] = [
      of.text('clusterName'),
      of.text('namespace'),
      of.text('serviceAccount'),
    ];
    if (namespace === undefined || serviceAccount === undefined) {
      gap('a pod identity association names no service account: it is left out', object);
      continue;
    }
    const cluster = { ...(name !== undefined && { name }), ...placeOfArn(of.text('associationArn')) };
    const accounts = [{ namespace, serviceAccount }];
    findings.add({
      ...{ fact: 'podIdentityNames', cluster, accounts, areAll },
      place: document.placeOf(object),
    });
  }
}

/** Whether a list goes on elsewhere. */
export function isCut(value: JsonObject): boolean {
  return (value.nextToken ?? value.NextToken ?? undefined) !== undefined || value.IsTruncated === true;
}

function tellCut(value: JsonObject, gap: (reason: string, part: unknown) => void): void {
  if (isCut(value)) gap('this list is cut off: the rest of it may not be in the files', value);
}
