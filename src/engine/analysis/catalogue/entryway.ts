import type { ServiceText } from './servicetext.ts';

/**
 * Our own actions: the names of `wire/protocols/entryway.ts`. An access entry is still created, and a policy still
 * associated, by permission of EKS's own actions, whichever door is used.
 */
export const entryway: ServiceText = {
  prefix: 'entryway',
  resources: {
    'access-policy': 'arn:<Partition>:eks::<Account>:cluster-access-policy/<AccessPolicyName>',
    cluster: 'arn:<Partition>:eks:<Region>:<Account>:cluster/<ClusterName> aws:ResourceTag/',
  },
  keys: {},
  actions: {
    CheckCluster: 'cluster',
    ClearClusterIssuer: 'cluster',
    CreateAccessPolicy: 'access-policy',
    CreateBlock: '',
    DeleteAccessPolicy: 'access-policy',
    DeleteBlock: '',
    DeleteBreakGlassPrincipal: 'cluster',
    DeleteClusterConnection: 'cluster',
    DescribeBreakGlassPrincipal: 'cluster',
    DescribeClusterConnection: 'cluster',
    DescribeClusterIssuer: 'cluster',
    DiffAccess: '',
    ExplainAwsRequest: '',
    ExplainLast: '',
    ExplainRequest: 'cluster',
    ExplainToken: 'cluster',
    GetAccessPolicy: 'access-policy',
    GetSnapshot: '',
    IssueWebhookCredential: 'cluster',
    LeastPrivilege: '',
    LintAccess: '',
    ListAccessPolicies: '',
    ListBlocks: '',
    ListWebhookCredentials: 'cluster',
    PlanAwsAuthMigration: 'cluster',
    PreviewPrincipalMatcher: 'cluster',
    PutBreakGlassPrincipal: 'cluster',
    PutClusterAudiences: 'cluster',
    PutClusterConnection: 'cluster',
    RevokeWebhookCredential: 'cluster',
    RotateSigningKey: 'cluster',
    SetClusterIssuer: 'cluster',
    TestAccess: '',
    UpdateAccessPolicy: 'access-policy',
    WhatCan: 'cluster',
    WhoCan: 'cluster',
  },
};
