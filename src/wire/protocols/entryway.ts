import type { ContractText } from './contract.ts';

/**
 * Our own operations, by hand, in the form `npm run generate` writes for AWS's services: what AWS has no API for
 * (docs/compat.md). Signed for `entryway`, authorized by IAM like any other. Names and members follow those of EKS where
 * there is a likeness. Clusters are those of the caller's account and the server's region.
 */
export const entryway = {
  service: 'entryway',
  protocol: 'restJson1',
  version: '1',
  xmlNamespace: '',
  target: '',
  operations: {
    // Access policies of an account's own.
    CreateAccessPolicy:
      'POST /entryway/v1/access-policies/create 200 CreateAccessPolicyRequest AccessPolicyResponse',
    UpdateAccessPolicy:
      'POST /entryway/v1/access-policies/update 200 UpdateAccessPolicyRequest AccessPolicyResponse',
    GetAccessPolicy: 'POST /entryway/v1/access-policies/get 200 GetAccessPolicyRequest AccessPolicyResponse',
    ListAccessPolicies:
      'POST /entryway/v1/access-policies/list 200 ListAccessPoliciesRequest ListAccessPoliciesResponse',
    DeleteAccessPolicy: 'POST /entryway/v1/access-policies/delete 200 DeleteAccessPolicyRequest -',
    // What an access entry has beside the members EKS knows.
    AssociateAccessPolicy:
      'POST /entryway/v1/access-entries/associate 200 AssociateAccessPolicyRequest AssociateAccessPolicyResponse',
    PreviewPrincipalMatcher:
      'POST /entryway/v1/access-entries/preview 200 PreviewPrincipalMatcherRequest PreviewPrincipalMatcherResponse',
    CreateAccessEntry:
      'POST /entryway/v1/access-entries/create 200 CreateAccessEntryRequest AccessEntryResponse',
    DescribeAccessEntry:
      'POST /entryway/v1/access-entries/describe 200 DescribeAccessEntryRequest AccessEntryResponse',
    ListAccessEntries:
      'POST /entryway/v1/access-entries/list 200 ListAccessEntriesRequest ListAccessEntriesResponse',
    // Who is shut out at once, whatever else allows.
    CreateBlock: 'POST /entryway/v1/blocks/create 200 CreateBlockRequest BlockResponse',
    ListBlocks: 'POST /entryway/v1/blocks/list 200 ListBlocksRequest ListBlocksResponse',
    DeleteBlock: 'POST /entryway/v1/blocks/delete 200 DeleteBlockRequest -',
    // Connected clusters.
    IssueWebhookCredential:
      'POST /entryway/v1/webhook-credentials/issue 200 IssueWebhookCredentialRequest IssueWebhookCredentialResponse',
    ListWebhookCredentials:
      'POST /entryway/v1/webhook-credentials/list 200 ClusterRequest ListWebhookCredentialsResponse',
    RevokeWebhookCredential:
      'POST /entryway/v1/webhook-credentials/revoke 200 RevokeWebhookCredentialRequest WebhookCredentialResponse',
    PutClusterConnection:
      'POST /entryway/v1/clusters/connection/put 200 PutClusterConnectionRequest ClusterConnectionResponse',
    DescribeClusterConnection:
      'POST /entryway/v1/clusters/connection/describe 200 ClusterRequest ClusterConnectionResponse',
    DeleteClusterConnection: 'POST /entryway/v1/clusters/connection/delete 200 ClusterRequest -',
    PutClusterAudiences:
      'POST /entryway/v1/clusters/audiences/put 200 PutClusterAudiencesRequest ClusterAudiencesResponse',
    SetClusterIssuer:
      'POST /entryway/v1/clusters/issuer/set 200 SetClusterIssuerRequest ClusterIssuerResponse',
    DescribeClusterIssuer:
      'POST /entryway/v1/clusters/issuer/describe 200 ClusterRequest ClusterIssuerResponse',
    ClearClusterIssuer: 'POST /entryway/v1/clusters/issuer/clear 200 ClusterRequest -',
    RotateSigningKey:
      'POST /entryway/v1/clusters/signing-key/rotate 200 RotateSigningKeyRequest RotateSigningKeyResponse',
    PutBreakGlassPrincipal:
      'POST /entryway/v1/clusters/break-glass/put 200 PutBreakGlassPrincipalRequest BreakGlassPrincipalResponse',
    DescribeBreakGlassPrincipal:
      'POST /entryway/v1/clusters/break-glass/describe 200 ClusterRequest BreakGlassPrincipalResponse',
    DeleteBreakGlassPrincipal: 'POST /entryway/v1/clusters/break-glass/delete 200 ClusterRequest -',
    CheckCluster: 'POST /entryway/v1/clusters/check 200 CheckClusterRequest CheckClusterResponse',
    // Why, who and what if.
    ExplainToken: 'POST /entryway/v1/explain/token 200 ExplainTokenRequest ExplainTokenResponse',
    WhoCan: 'POST /entryway/v1/analyses/who-can 200 WhoCanRequest AnalysisResponse',
    WhatCan: 'POST /entryway/v1/analyses/what-can 200 WhatCanRequest AnalysisResponse',
    ExplainRequest: 'POST /entryway/v1/explain/request 200 ExplainRequestRequest AnalysisResponse',
    ExplainAwsRequest: 'POST /entryway/v1/explain/aws 200 ExplainAwsRequestRequest AnalysisResponse',
    ExplainPod: 'POST /entryway/v1/explain/pod 200 ExplainPodRequest AnalysisResponse',
    WhoCanCallAws: 'POST /entryway/v1/analyses/who-can-call-aws 200 WhoCanCallAwsRequest AnalysisResponse',
    WhoCanBecomeRole:
      'POST /entryway/v1/analyses/who-can-become-role 200 WhoCanBecomeRoleRequest AnalysisResponse',
    ExplainLast: 'POST /entryway/v1/explain/last 200 ExplainLastRequest AnalysisResponse',
    LintAccess: 'POST /entryway/v1/analyses/lint 200 LintAccessRequest AnalysisResponse',
    LeastPrivilege: 'POST /entryway/v1/analyses/least-privilege 200 LeastPrivilegeRequest AnalysisResponse',
    PlanAwsAuthMigration:
      'POST /entryway/v1/analyses/migrate-aws-auth 200 PlanAwsAuthMigrationRequest AnalysisResponse',
    DiffAccess: 'POST /entryway/v1/analyses/diff 200 DiffAccessRequest AnalysisResponse',
    TestAccess: 'POST /entryway/v1/analyses/test 200 TestAccessRequest AnalysisResponse',
    GetSnapshot: 'POST /entryway/v1/snapshots/get 200 GetSnapshotRequest GetSnapshotResponse',
  },
  structures: {
    ClusterRequest: 'clusterName!',
    AccessScope: 'type namespaces:[string]',

    AccessPolicyRule:
      'apiGroups:[string] resources:[string] verbs:[string] resourceNames:[string] nonResourceURLs:[string]',
    CreateAccessPolicyRequest: 'name! rules!:[AccessPolicyRule] description',
    UpdateAccessPolicyRequest: 'name! rules!:[AccessPolicyRule] description',
    GetAccessPolicyRequest: 'name! version:number',
    DeleteAccessPolicyRequest: 'name!',
    ListAccessPoliciesRequest: 'maxResults:number nextToken',
    ListAccessPoliciesResponse: 'accessPolicies:[AccessPolicySummary] nextToken',
    AccessPolicySummary:
      'name arn description version:number associations:number createdAt:timestamp modifiedAt:timestamp',
    AccessPolicyResponse: 'accessPolicy:AccessPolicy findings:[AccessPolicyFinding]',
    AccessPolicy:
      'name arn description version:number versions:[number] rules:[AccessPolicyRule] associations:number createdAt:timestamp modifiedAt:timestamp',
    AccessPolicyFinding: 'severity code message rule:number',

    AssociateAccessPolicyRequest:
      'clusterName! principalArn! policyArn! accessScope!:AccessScope expiresAt:timestamp reason',
    AssociateAccessPolicyResponse: 'clusterName principalArn associatedAccessPolicy:AssociatedAccessPolicy',
    AssociatedAccessPolicy:
      'policyArn accessScope:AccessScope associatedAt:timestamp modifiedAt:timestamp expiresAt:timestamp reason expired:boolean',
    PreviewPrincipalMatcherRequest: 'clusterName! principalArn!',
    PreviewPrincipalMatcherResponse: 'principalArn matchedRoles:[MatchedRole] previewToken',
    MatchedRole: 'principalArn principalId source seenAt:timestamp',
    CreateAccessEntryRequest:
      'clusterName! principalArn! kubernetesGroups:[string] username tags:{string} previewToken',
    DescribeAccessEntryRequest: 'clusterName! principalArn!',
    ListAccessEntriesRequest: 'clusterName! maxResults:number nextToken',
    ListAccessEntriesResponse: 'accessEntries:[AccessEntry] nextToken',
    AccessEntryResponse: 'accessEntry:AccessEntry',
    AccessEntry:
      'clusterName principalArn principalId pinnedBy pinnedAt:timestamp matchedRoles:[MatchedRole] type username kubernetesGroups:[string] accessPolicies:[AssociatedAccessPolicy] tags:{string} createdAt:timestamp modifiedAt:timestamp',

    CreateBlockRequest: 'target! until:timestamp reason',
    BlockResponse: 'block:Block window',
    Block: 'blockId target kind until:timestamp reason createdAt:timestamp createdBy',
    ListBlocksRequest: 'maxResults:number nextToken',
    ListBlocksResponse: 'blocks:[Block] nextToken',
    DeleteBlockRequest: 'target!',

    IssueWebhookCredentialRequest: 'clusterName! certificateRequest! description validityDays:number',
    IssueWebhookCredentialResponse:
      'credential:WebhookCredential certificate certificateAuthority authenticateUrl authorizeUrl podsUrl',
    ListWebhookCredentialsResponse: 'credentials:[WebhookCredential]',
    RevokeWebhookCredentialRequest: 'clusterName! serialNumber!',
    WebhookCredentialResponse: 'credential:WebhookCredential',
    WebhookCredential:
      'serialNumber description issuedAt:timestamp expiresAt:timestamp revokedAt:timestamp lastUsedAt:timestamp',

    PutClusterConnectionRequest:
      'clusterName! server! certificateAuthorityData tlsServerName bearerToken clientCertificateData clientKeyData',
    ClusterConnectionResponse: 'connection:ClusterConnection',
    ClusterConnection:
      'clusterName server state message objects:number lastSeenAt:timestamp credentialExpiresAt:timestamp savedAt:timestamp',

    PutClusterAudiencesRequest: 'clusterName! audiences!:[string]',
    ClusterAudiencesResponse: 'clusterName audiences:[string]',

    // `keys`: those of a JWKS.
    SetClusterIssuerRequest: 'clusterName! issuer! keys:document',
    ClusterIssuerResponse: 'issuer:ClusterIssuer',
    ClusterIssuer: 'clusterName url source keys:[ClusterIssuerKey]',
    ClusterIssuerKey: 'keyId algorithm',

    RotateSigningKeyRequest: 'clusterName! revoke:boolean',
    RotateSigningKeyResponse: 'clusterName keyId signsFrom:timestamp',

    PutBreakGlassPrincipalRequest: 'clusterName! principalArn! reason!',
    BreakGlassPrincipalResponse: 'breakGlass:BreakGlassPrincipal',
    BreakGlassPrincipal: 'principalArn principalId reason setAt:timestamp state',

    CheckClusterRequest: 'clusterName!',
    CheckClusterResponse: 'clusterName kind serverTime:timestamp findings:[ClusterFinding]',
    ClusterFinding: 'severity code message hint',

    ExplainTokenRequest: 'clusterName! token!',
    ExplainTokenResponse: 'clusterName outcome steps:document',

    // Answers of analyses are documents: what the command of the same name prints with `-o json`.
    AnalysisResponse: 'answer:document',
    // `at`: the moment the answer is about, now when not given.
    WhoCanRequest:
      'clusterName! verb! resource! namespace name anyNamespace:boolean transitive:boolean at:timestamp',
    WhatCanRequest: 'clusterName! principal! namespace comparedWith closestPolicy:boolean at:timestamp',
    ExplainRequestRequest: 'clusterName! principal! verb! resource! namespace name at:timestamp',
    ExplainAwsRequestRequest: 'principal! action! resource! context:document at:timestamp',
    // `pod`: NAMESPACE/NAME of a pod, or of a service account.
    ExplainPodRequest:
      'clusterName! pod! serviceAccount:boolean action! resource! context:document at:timestamp',
    WhoCanCallAwsRequest: 'action! resource! context:document clusterName at:timestamp',
    WhoCanBecomeRoleRequest: 'roleArn! clusterName at:timestamp',
    ExplainLastRequest: 'count:number clusters:[string]',
    LintAccessRequest:
      'minSeverity rules:[string] skipRules:[string] suppressions:document usageSince:timestamp at:timestamp',
    LeastPrivilegeRequest:
      'clusterName! principal! since:timestamp until:timestamp roundUp:boolean names:boolean',
    PlanAwsAuthMigrationRequest: 'clusterName! at:timestamp',
    DiffAccessRequest: 'after:document plan:document clusterName at:timestamp',
    TestAccessRequest: 'cases!:document assumeComplete:boolean at:timestamp',
    GetSnapshotRequest: '',
    GetSnapshotResponse: 'snapshot:document',
  },
  errors: {
    AccessDeniedException: '403 AccessDeniedException message',
    InvalidParameterException: '400 InvalidParameterException message',
    InvalidRequestException: '400 InvalidRequestException message',
    ResourceInUseException: '409 ResourceInUseException message',
    ResourceLimitExceededException: '400 ResourceLimitExceededException message',
    ResourceNotFoundException: '404 ResourceNotFoundException message',
    ServerException: '500 ServerException message',
    ServiceUnavailableException: '503 ServiceUnavailableException message',
  },
} as const satisfies ContractText;
