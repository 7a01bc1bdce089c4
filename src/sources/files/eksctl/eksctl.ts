import { asText, type JsonObject } from '../../../access/json.ts';
import type { Gap } from '../../../engine/analysis/snapshot/snapshot.ts';
import type { AwsAuth } from '../../../engine/identity/awsauth.ts';
import { readAssociation } from '../../podcredentials.ts';
import { associatedPolicy, readMode } from '../awscli/eks.ts';
import type { ClusterRef, Findings } from '../facts.ts';
import { membersOf } from '../members.ts';
import type { FileDocument } from '../text/documents.ts';

/** Whether a document is a config of eksctl: `apiVersion: eksctl.io/v1alpha5`, `kind: ClusterConfig`. */
export function isEksctlConfig({ apiVersion, kind }: JsonObject): boolean {
  return asText(apiVersion)?.startsWith('eksctl.io/') === true && kind === 'ClusterConfig';
}

/**
 * Takes from a config of eksctl who gets access: the mode, access entries, what goes into aws-auth, and the roles of service
 * accounts. COMPAT: nodes' own entries, which eksctl adds for node groups, are not told.
 */
export function readEksctlConfig(document: FileDocument, value: JsonObject, findings: Findings): void {
  const place = document.placeOf(value);
  const gapIn =
    (area: Gap['area']) =>
    (reason: string, part: unknown): void =>
      findings.gap({ area, reason, place: document.placeOf(part) });
  const read = (area: Gap['area'], object: JsonObject, what: string) => membersOf(object, what, gapIn(area));
  const top = read('file', value, 'this ClusterConfig');
  const metadata = top.object('metadata') ?? {};
  const of = read('cluster', metadata, '`metadata`');
  const name = of.text('name');
  const region = of.text('region');
  if (name === undefined) {
    gapIn('cluster')('this ClusterConfig names no cluster: it is left out', value);
    return;
  }
  const cluster: ClusterRef = { name, ...(region !== undefined && { region }) };
  const accessConfig = top.object('accessConfig') ?? {};
  const access = read('accessEntries', accessConfig, '`accessConfig`');
  const mode = access.text('authenticationMode');
  findings.add({
    fact: 'cluster',
    cluster,
    told: {
      version: of.text('version'),
      tags: of.textMap('tags'),
      // eksctl's own default, unlike the API's.
      authenticationMode:
        mode === undefined
          ? 'API_AND_CONFIG_MAP'
          : readMode(mode, (reason) => gapIn('cluster')(reason, accessConfig)),
    },
    isCreatorSettled: true,
    place,
  });
  if (access.boolean('bootstrapClusterCreatorAdminPermissions') !== false) {
    const reason = `whoever creates cluster \`${name}\` with this config becomes its administrator`;
    gapIn('accessEntries')(reason, 'accessConfig' in value ? accessConfig : value);
  }

  for (const entry of access.objects('accessEntries') ?? []) {
    const one = read('accessEntries', entry, 'an access entry');
    const principalArn = one.text('principalARN');
    if (principalArn === undefined) {
      gapIn('accessEntries')('an access entry has no `principalARN`: it is left out', entry);
      continue;
    }
    const at = document.placeOf(entry);
    findings.add({
      ...{ fact: 'entry', cluster, principalArn },
      told: {
        type: one.text('type') ?? 'STANDARD',
        username: one.text('kubernetesUsername'),
        kubernetesGroups: one.texts('kubernetesGroups'),
      },
      place: at,
    });
    const policies = (one.objects('accessPolicies') ?? []).flatMap((policy) => {
      const associated = associatedPolicy(
        asText(policy.policyARN),
        read('accessPolicies', policy, 'an access policy').object('accessScope'),
        (reason) =>
          gapIn('accessPolicies')(`a policy of \`${principalArn}\` ${reason}: it is left out`, policy),
      );
      return associated === undefined ? [] : [associated];
    });
    findings.add({ fact: 'policies', cluster, principalArn, policies, areAll: true, place: at });
  }

  readMappings(top.objects('iamIdentityMappings') ?? [], {
    document,
    findings,
    cluster,
    gap: gapIn('awsAuth'),
  });

  const iam = read('serviceAccounts', top.object('iam') ?? {}, '`iam`');
  for (const account of iam.objects('serviceAccounts') ?? []) {
    const meta = read('serviceAccounts', account, 'a service account').object('metadata') ?? {};
    const own = read('serviceAccounts', meta, '`metadata` of a service account');
    const accountName = own.text('name');
    if (accountName === undefined) {
      gapIn('serviceAccounts')('a service account has no name: it is left out', account);
      continue;
    }
    const namespace = own.text('namespace') ?? 'default';
    const roleArn = asText(account.attachRoleARN);
    if (roleArn === undefined) {
      const reason = `the role that eksctl makes for service account \`${namespace}/${accountName}\` is not known`;
      gapIn('serviceAccounts')(reason, account);
    }
    const serviceAccount = { namespace, name: accountName, ...(roleArn !== undefined && { roleArn }) };
    findings.add({ fact: 'serviceAccount', cluster, serviceAccount, place: document.placeOf(account) });
  }
  for (const association of iam.objects('podIdentityAssociations') ?? []) {
    const own = read('podIdentity', association, 'a pod identity association');
    const [namespace, serviceAccount] = [own.text('namespace'), own.text('serviceAccountName')];
    const told = readAssociation({
      ...{ namespace, serviceAccount, roleArn: own.text('roleARN'), policy: own.text('policy') },
      targetRoleArn: own.text('targetRoleARN'),
      disableSessionTags: own.boolean('disableSessionTags'),
    });
    if (told !== undefined) {
      const at = document.placeOf(association);
      findings.add({ fact: 'podIdentity', cluster, association: told, place: at });
    } else if (namespace === undefined || serviceAccount === undefined) {
      const reason = 'a pod identity association names no service account: it is left out';
      gapIn('podIdentity')(reason, association);
    } else {
      const reason = `the role that eksctl makes for pod identity \`${namespace}/${serviceAccount}\` is not known`;
      gapIn('podIdentity')(reason, association);
    }
  }
  for (const written of top.objects('identityProviders') ?? []) {
    const own = read('identityProviders', written, 'an identity provider');
    const [providerName, issuerUrl, clientId] = [
      own.text('name'),
      own.text('issuerURL'),
      own.text('clientID'),
    ];
    if (providerName === undefined || issuerUrl === undefined || clientId === undefined) {
      const reason = 'an identity provider has no name, issuer or client that can be read: it is left out';
      gapIn('identityProviders')(reason, written);
      continue;
    }
    const optional = (['usernameClaim', 'usernamePrefix', 'groupsClaim', 'groupsPrefix'] as const).flatMap(
      (member) => {
        const text = own.text(member);
        return text === undefined ? [] : [[member, text] as const];
      },
    );
    const provider = { name: providerName, issuerUrl, clientId, ...Object.fromEntries(optional) };
    findings.add({ fact: 'identityProvider', cluster, provider, place: document.placeOf(written) });
  }
}

/** What eksctl writes into aws-auth: roles, users and whole accounts. */
function readMappings(
  mappings: readonly JsonObject[],
  {
    document,
    findings,
    cluster,
    gap,
  }: {
    readonly document: FileDocument;
    readonly findings: Findings;
    readonly cluster: ClusterRef;
    readonly gap: (reason: string, part: unknown) => void;
  },
): void {
  for (const mapping of mappings) {
    const of = membersOf(mapping, 'an identity mapping', gap);
    const arn = of.text('arn');
    const account = of.text('account');
    const names = { username: of.text('username') ?? '', groups: of.texts('groups') ?? [] };
    const awsAuth: AwsAuth = { roles: [], users: [], accounts: [] };
    const told =
      account !== undefined
        ? { ...awsAuth, accounts: [account] }
        : arn?.includes(':user/') === true
          ? { ...awsAuth, users: [{ userarn: arn, ...names }] }
          : arn?.includes(':role/') === true
            ? { ...awsAuth, roles: [{ rolearn: arn, ...names }] }
            : undefined;
    if (told === undefined)
      gap('an identity mapping names no role, user or account: it is left out', mapping);
    else {
      findings.add({
        fact: 'awsAuth',
        cluster,
        awsAuth: told,
        isAll: false,
        place: document.placeOf(mapping),
      });
    }
  }
}
