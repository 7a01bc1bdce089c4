const account = '111122223333';
const clusterName = 'production';
const cluster = { clusterName };
const principalArn = `arn:aws:iam::${account}:role/developers`;
const principal = 'role/developers';
const pods = { verb: 'get', resource: 'pods', namespace: 'shop' };
const getObject = { action: 's3:GetObject', resource: 'arn:aws:s3:::reports/today' };
const rule = { apiGroups: [''], resources: ['pods', 'pods/log'], verbs: ['get', 'list'] };
/** Seconds since 1970: the first day of 2027. */
const newYear = 1798761600;

/** One input of each operation of `entryway.ts`, for its description. Each is one that the operation reads. */
export const entrywayExamples: Readonly<Record<string, object>> = {
  CreateAccessPolicy: { name: 'log-readers', rules: [rule], description: 'reads logs' },
  UpdateAccessPolicy: { name: 'log-readers', rules: [rule] },
  GetAccessPolicy: { name: 'log-readers', version: 1 },
  ListAccessPolicies: { maxResults: 20 },
  DeleteAccessPolicy: { name: 'log-readers' },
  AssociateAccessPolicy: {
    ...{ ...cluster, principalArn, reason: 'on call' },
    policyArn: 'arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy',
    accessScope: { type: 'namespace', namespaces: ['shop'] },
    expiresAt: newYear,
  },
  PreviewPrincipalMatcher: {
    ...cluster,
    principalArn: `arn:aws:iam::${account}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Ops_*`,
  },
  CreateAccessEntry: { ...cluster, principalArn, kubernetesGroups: ['developers'] },
  DescribeAccessEntry: { ...cluster, principalArn },
  ListAccessEntries: { ...cluster, maxResults: 20 },
  CreateBlock: { target: principalArn, until: newYear, reason: 'lost laptop' },
  ListBlocks: {},
  DeleteBlock: { target: principalArn },
  IssueWebhookCredential: {
    ...cluster,
    certificateRequest: '-----BEGIN CERTIFICATE REQUEST-----\n…\n-----END CERTIFICATE REQUEST-----\n',
    validityDays: 90,
  },
  ListWebhookCredentials: cluster,
  RevokeWebhookCredential: { ...cluster, serialNumber: '0123456789abcdef' },
  PutClusterConnection: { ...cluster, server: 'https://kubernetes.example.com:6443', bearerToken: '…' },
  DescribeClusterConnection: cluster,
  DeleteClusterConnection: cluster,
  PutClusterAudiences: { ...cluster, audiences: ['https://kubernetes.default.svc'] },
  SetClusterIssuer: {
    ...{ ...cluster, issuer: 'https://kubernetes.example.com' },
    keys: [{ kty: 'RSA', kid: 'key-1', use: 'sig', alg: 'RS256', n: '…', e: 'AQAB' }],
  },
  DescribeClusterIssuer: cluster,
  ClearClusterIssuer: cluster,
  RotateSigningKey: { ...cluster, revoke: false },
  PutBreakGlassPrincipal: { ...cluster, principalArn, reason: 'when all else fails' },
  DescribeBreakGlassPrincipal: cluster,
  DeleteBreakGlassPrincipal: cluster,
  CheckCluster: cluster,
  ExplainToken: { ...cluster, token: 'k8s-aws-v1.…' },
  WhoCan: { ...cluster, ...pods, transitive: true },
  WhatCan: { ...cluster, principal, comparedWith: 'Group:developers', closestPolicy: true },
  ExplainRequest: { ...cluster, principal, ...pods },
  ExplainAwsRequest: {
    ...{ principal, action: 'eks:DescribeCluster' },
    resource: `arn:aws:eks:us-east-1:${account}:cluster/${clusterName}`,
    context: { 'aws:SourceIp': '192.0.2.1' },
  },
  ExplainPod: { ...cluster, pod: 'shop/cart', ...getObject },
  WhoCanCallAws: { ...getObject, clusterName },
  WhoCanBecomeRole: { roleArn: principalArn },
  ExplainLast: { count: 5, clusters: [clusterName] },
  LintAccess: {
    minSeverity: 'warning',
    suppressions: [{ id: 'EW-ACC-101', subject: principalArn, reason: 'known', until: '2027-01-31' }],
  },
  LeastPrivilege: { ...cluster, principal, since: newYear, names: true },
  PlanAwsAuthMigration: cluster,
  DiffAccess: {
    ...cluster,
    // What `terraform show -json PLAN` prints; instead of it `after`, a snapshot.
    plan: { format_version: '1.2', terraform_version: '1.13.4', resource_changes: [] },
  },
  TestAccess: { cases: [{ as: principal, cluster: clusterName, can: 'get pods -n shop' }] },
  GetSnapshot: {},
};
