import { asObject, asText, type JsonObject } from '../../../access/json.ts';
import type { Gap, Place } from '../../../engine/analysis/snapshot/snapshot.ts';
import { readAssociation } from '../../podcredentials.ts';
import { associatedPolicy, readMode } from '../awscli/eks.ts';
import { ownArn } from '../awscli/iam.ts';
import type { Fact, Findings } from '../facts.ts';
import { unresolved } from './intrinsics.ts';

/** One resource of a template, with its functions carried out. */
export interface ReadTemplateResource {
  readonly logicalId: string;
  readonly properties: JsonObject;
  readonly name: string;
  /** Of IAM and clusters. */
  readonly arn: string | undefined;
  readonly place: Place;
  readonly findings: Findings;
  readonly gap: (reason: string) => void;
  /** A property; undefined where it is absent or cannot be told. */
  readonly value: (name: string) => unknown;
  readonly resolveDocument: (written: unknown) => unknown;
}

interface ResourceReader {
  /** Of what is not known of it. */
  readonly area: Gap['area'];
  readonly read: (resource: ReadTemplateResource) => void;
}

type PrincipalFact = Extract<Fact, { readonly fact: 'principal' }>;
type Kind = PrincipalFact['kind'];

export const resourceReaders: ReadonlyMap<string, ResourceReader> = new Map<string, ResourceReader>([
  ['AWS::EKS::Cluster', { area: 'cluster', read: readCluster }],
  ['AWS::EKS::AccessEntry', { area: 'accessEntries', read: readAccessEntry }],
  ['AWS::EKS::PodIdentityAssociation', { area: 'podIdentity', read: readPodIdentity }],
  ['AWS::EKS::IdentityProviderConfig', { area: 'identityProviders', read: readIdentityProvider }],
  ['AWS::IAM::Role', { area: 'iam', read: readPrincipal('role') }],
  ['AWS::IAM::User', { area: 'iam', read: readPrincipal('user') }],
  ['AWS::IAM::Group', { area: 'iam', read: readPrincipal('group') }],
  ['AWS::IAM::ManagedPolicy', { area: 'iam', read: readManagedPolicy }],
  ['AWS::IAM::Policy', { area: 'iam', read: readPolicy }],
  ['AWS::IAM::RolePolicy', { area: 'iam', read: readPolicy }],
  ['AWS::IAM::UserPolicy', { area: 'iam', read: readPolicy }],
  ['AWS::IAM::GroupPolicy', { area: 'iam', read: readPolicy }],
  ['AWS::IAM::UserToGroupAddition', { area: 'iam', read: readMembers }],
  ['AWS::IAM::OIDCProvider', { area: 'iam', read: readOidcProvider }],
]);

function readCluster(of: ReadTemplateResource): void {
  const access = asObject(of.value('AccessConfig'));
  const mode = textOf(access?.AuthenticationMode);
  if (access?.BootstrapClusterCreatorAdminPermissions !== false) {
    of.gap(`whoever deploys this becomes administrator of cluster \`${of.name}\``);
  }
  of.findings.add({
    fact: 'cluster',
    cluster: { name: of.name },
    told: {
      version: textOf(of.value('Version')),
      // Nothing said is the API's own default (eks-access-facts D1).
      authenticationMode: mode === undefined ? 'CONFIG_MAP' : readMode(mode, of.gap),
      tags: tagsOf(of.value('Tags')),
    },
    isCreatorSettled: true,
    place: of.place,
  });
}

function readAccessEntry(of: ReadTemplateResource): void {
  const name = textOf(of.value('ClusterName'));
  const principalArn = textOf(of.value('PrincipalArn'));
  if (name === undefined || principalArn === undefined) {
    of.gap('its cluster or its principal cannot be told: it is left out');
    return;
  }
  const cluster = { name };
  of.findings.add({
    ...{ fact: 'entry', cluster, principalArn },
    told: {
      type: textOf(of.value('Type')) ?? 'STANDARD',
      username: textOf(of.value('Username')),
      kubernetesGroups: textsOf(of, 'KubernetesGroups'),
      tags: tagsOf(of.value('Tags')),
    },
    place: of.place,
  });
  const policies = objectsOf(of.value('AccessPolicies')).flatMap((policy) => {
    const scope = asObject(policy.AccessScope);
    const associated = associatedPolicy(
      textOf(policy.PolicyArn),
      scope && { type: scope.Type, namespaces: scope.Namespaces },
      (reason) => of.gap(`a policy of it ${reason}: it is left out`),
    );
    return associated === undefined ? [] : [associated];
  });
  of.findings.add({ fact: 'policies', cluster, principalArn, policies, areAll: true, place: of.place });
}

function readPodIdentity(of: ReadTemplateResource): void {
  const clusterName = textOf(of.value('ClusterName'));
  const targetRoleArn = textOf(of.value('TargetRoleArn'));
  const association = readAssociation({
    ...{ namespace: textOf(of.value('Namespace')), serviceAccount: textOf(of.value('ServiceAccount')) },
    ...{ roleArn: textOf(of.value('RoleArn')), targetRoleArn, policy: textOf(of.value('Policy')) },
    disableSessionTags: textOf(of.value('DisableSessionTags')) === 'true',
  });
  // With a target the pods get that role and not the other.
  const isTargetOpen = of.properties.TargetRoleArn !== undefined && targetRoleArn === undefined;
  if (clusterName === undefined || association === undefined || isTargetOpen) {
    of.gap('its cluster, service account or role cannot be told: it is left out');
    return;
  }
  of.findings.add({ fact: 'podIdentity', cluster: { name: clusterName }, association, place: of.place });
}

function readIdentityProvider(of: ReadTemplateResource): void {
  const clusterName = textOf(of.value('ClusterName'));
  const oidc = asObject(of.value('Oidc')) ?? {};
  const [issuerUrl, clientId] = [textOf(oidc.IssuerUrl), textOf(oidc.ClientId)];
  if (clusterName === undefined || issuerUrl === undefined || clientId === undefined) {
    of.gap('its cluster, issuer or client cannot be told: it is left out');
    return;
  }
  const optional = (['UsernameClaim', 'UsernamePrefix', 'GroupsClaim', 'GroupsPrefix'] as const).flatMap(
    (member) => {
      const text = textOf(oidc[member]);
      return text === undefined
        ? []
        : [[`${member.charAt(0).toLowerCase()}${member.slice(1)}`, text] as const];
    },
  );
  const name = textOf(of.value('IdentityProviderConfigName')) ?? of.logicalId;
  const provider = { name, issuerUrl, clientId, ...Object.fromEntries(optional) };
  of.findings.add({ fact: 'identityProvider', cluster: { name: clusterName }, provider, place: of.place });
}

function readPrincipal(kind: Kind): (of: ReadTemplateResource) => void {
  return (of) => {
    if (of.arn === undefined) return;
    const trust = of.properties.AssumeRolePolicyDocument;
    const inline = objectsOf(of.properties.Policies).flatMap((policy) => {
      const [name, document] = [
        textOf(of.resolveDocument(policy.PolicyName)),
        documentOf(of, policy.PolicyDocument),
      ];
      if (name === undefined || document === undefined)
        of.gap('an inline policy cannot be read: it is left out');
      return name === undefined || document === undefined ? [] : [[name, document] as const];
    });
    of.findings.add({
      ...{ fact: 'principal', kind, arn: of.arn },
      told: {
        tags: tagsOf(of.value('Tags')),
        permissionsBoundaryArn: textOf(of.value('PermissionsBoundary')),
        trustPolicy: kind === 'role' ? documentOf(of, trust) : undefined,
        hasPassword: kind === 'user' ? of.properties.LoginProfile !== undefined : undefined,
      },
      inlinePolicies: Object.fromEntries(inline),
      attachedPolicyArns: textsOf(of, 'ManagedPolicyArns') ?? [],
      ...(kind === 'user' && { groupNames: textsOf(of, 'Groups') ?? [] }),
      place: of.place,
    });
  };
}

function readManagedPolicy(of: ReadTemplateResource): void {
  if (of.arn === undefined) return;
  const document = documentOf(of, of.properties.PolicyDocument);
  of.findings.add({ fact: 'managedPolicy', arn: of.arn, document, place: of.place });
  addToHolders(of, { attachedPolicyArns: [of.arn] });
}

/** Inline policies as resources of their own. */
function readPolicy(of: ReadTemplateResource): void {
  const document = documentOf(of, of.properties.PolicyDocument);
  if (document === undefined) of.gap('its document cannot be read: it is left out');
  else addToHolders(of, { inlinePolicies: { [textOf(of.value('PolicyName')) ?? of.logicalId]: document } });
}

function addToHolders(
  of: ReadTemplateResource,
  more: Pick<PrincipalFact, 'inlinePolicies' | 'attachedPolicyArns'>,
): void {
  for (const [kind, plural, singular] of [
    ['role', 'Roles', 'RoleName'],
    ['user', 'Users', 'UserName'],
    ['group', 'Groups', 'GroupName'],
  ] as const) {
    const own = textOf(of.value(singular));
    for (const name of [...(textsOf(of, plural) ?? []), ...(own === undefined ? [] : [own])]) {
      of.findings.add({
        ...{ fact: 'principal', kind, arn: ownArn(kind, name), isPart: true, told: {}, ...more },
        place: of.place,
      });
    }
  }
}

function readMembers(of: ReadTemplateResource): void {
  const group = textOf(of.value('GroupName'));
  if (group === undefined) return;
  for (const name of textsOf(of, 'Users') ?? []) {
    of.findings.add({
      ...{ fact: 'principal', kind: 'user', arn: ownArn('user', name), isPart: true, told: {} },
      groupNames: [group],
      place: of.place,
    });
  }
}

function readOidcProvider(of: ReadTemplateResource): void {
  const url = textOf(of.value('Url'))?.replace(/^https:\/\//, '');
  if (url === undefined) {
    of.gap('its URL cannot be told: it is left out');
    return;
  }
  const clientIds = textsOf(of, 'ClientIdList') ?? [];
  of.findings.add({
    fact: 'oidcProvider',
    arn: ownArn('oidc-provider', url),
    url,
    clientIds,
    place: of.place,
  });
}

function documentOf(of: ReadTemplateResource, written: unknown): string | undefined {
  const document = of.resolveDocument(written);
  if (typeof document === 'string') return document;
  return asObject(document) === undefined ? undefined : JSON.stringify(document);
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return asText(value);
}

function textsOf(of: ReadTemplateResource, name: string): readonly string[] | undefined {
  const value = of.value(name);
  if (value === undefined) return undefined;
  const items: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (items.some((item) => item !== unresolved && typeof item !== 'string')) {
    of.gap(`\`${name}\` is no list of texts`);
  }
  return items.filter((item) => typeof item === 'string');
}

function objectsOf(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.map(asObject).filter((item) => item !== undefined) : [];
}

function tagsOf(value: unknown): Readonly<Record<string, string>> | undefined {
  if (value === undefined) return undefined;
  return Object.fromEntries(
    objectsOf(value).flatMap(({ Key: key, Value: text }) =>
      typeof key === 'string' && typeof text === 'string' ? [[key, text] as const] : [],
    ),
  );
}
