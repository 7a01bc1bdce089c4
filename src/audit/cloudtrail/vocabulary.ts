/**
 * Which members of requests and answers may be written into a record, by service.
 *
 * SECURITY: an allow-list. A member that is in neither list is left out, so that an operation somebody adds later
 * leaks nothing before it has been looked at. `hidden` members are secrets whose presence alone is told.
 */
export interface Vocabulary {
  readonly harmless: ReadonlySet<string>;
  readonly hidden: ReadonlySet<string>;
}

/** What CloudTrail writes in the place of a secret (eks-access-facts J22). */
export const hiddenText = 'HIDDEN_DUE_TO_SECURITY_REASONS';

const words = (text: string): ReadonlySet<string> => new Set(text.match(/\S+/g));

/** Secrets of IAM and STS. */
const iamHidden = `AuthenticationCode1 AuthenticationCode2 Base32StringSeed NewPassword OldPassword Password PrivateKey
  QRCodePNG SAMLAssertion SecretAccessKey ServiceCredentialSecret ServicePassword SessionToken TokenCode TradeInToken`;

const vocabularies: Readonly<Record<string, Vocabulary>> = {
  eks: {
    harmless:
      words(`accessConfig accessEntry accessEntryArn accessPolicies accessScope activationExpiry activationId addon addonArn addonName
      addonVersion additionalInfo amiType arn associatedAccessPolicy associatedAt associatedPolicyArn association
      associationArn associationId authenticationMode blockStorage bootstrapClusterCreatorAdminPermissions
      bootstrapSelfManagedAddons capacityType certificateAuthority cidrs clientId clientRequestToken cluster clusterLogging
      clusterName clusterSecurityGroupId code computeConfig connectorConfig controlPlaneInstanceType
      controlPlanePlacement createdAt deletionProtection description desiredSize disableSessionTags diskSize
      ec2SshKey effect elasticLoadBalancing enabled encryptionConfig endpoint endpointPrivateAccess
      endpointPublicAccess errorCode errorMessage errors externalId fargateProfile fargateProfileName force
      groupName groupsClaim groupsPrefix health id identity identityProviderConfig identityProviderConfigArn
      identityProviderConfigName instanceTypes ipFamily issuer issuerUrl issues key keyArn
      kubernetesGroups kubernetesNetworkConfig labels launchTemplate logging maxSize maxUnavailable
      maxResults include maxUnavailablePercentage message minSize modifiedAt name namespace namespaces nodePools nodeRole nodeRoleArn
      nodegroup nodegroupArn nodegroupName oidc outpostArns outpostConfig owner ownerArn params platformVersion
      podExecutionRoleArn podIdentityAssociations policy policyArn preserve principalArn provider publicAccessCidrs
      releaseVersion remoteAccess remoteNetworkConfig remoteNodeNetworks remotePodNetworks requiredClaims
      resolveConflicts resourceArn resourceIds resources resourcesVpcConfig roleArn scalingConfig securityGroupIds
      selectors serviceAccount serviceAccountRoleArn serviceIpv4Cidr serviceIpv6Cidr sourceSecurityGroups status
      storageConfig subnetIds subnets supportType tagKeys tags taints targetRoleArn type types update updateConfig
      updateId upgradePolicy username usernameClaim usernamePrefix value version vpcId zonalShiftConfig`),
    hidden: words('activationCode configurationValues'),
  },
  'eks-auth': {
    harmless:
      words(`accessKeyId arn associationArn associationId assumeRoleId assumedRoleUser audience clusterName
      credentials expiration namespace podIdentityAssociation serviceAccount subject`),
    hidden: words('secretAccessKey sessionToken token'),
  },
  iam: {
    harmless: words(`AWSServiceName AccessKey AccessKeyId AccountAlias ActionNames Arn AssignmentStatus
      AssumeRolePolicyDocument AttachmentCount CallerArn ClientID ClientIDList ContextEntries ContextKeyName
      ContextKeyNames ContextKeyType ContextKeyValues CreateDate CustomSuffix DefaultVersionId DeletionTaskId
      Description EnableDate EntityFilter Expiration Filter GlobalEndpointTokenVersion Granularity Group GroupId
      GroupName InstanceProfile InstanceProfileId InstanceProfileName IsAttachable IsDefaultVersion JobId
      JobType Key LastUsedDate MaxItems MaxSessionDuration NewGroupName NewPath NewUserName OnlyAttached
      OpenIDConnectProviderArn Path PathPrefix PermissionsBoundary PermissionsBoundaryArn PermissionsBoundaryType
      PermissionsBoundaryUsageCount PermissionsBoundaryPolicyInputList Policy PolicyArn PolicyDocument PolicyId PolicyInputList PolicyName
      PolicySourceArn PolicyUsageFilter PolicyVersion Region ResourceArns ResourceHandlingOption ResourceOwner ResourcePolicy Role
      RoleId RoleLastUsed RoleName Roles Scope SerialNumber ServiceName ServiceNamespace ServiceNamespaces
      SetAsDefault SortKey State Status TagKeys Tags ThumbprintList UpdateDate Url User UserId UserName
      Value VersionId VirtualMFADevice VirtualMFADeviceName`),
    hidden: words(iamHidden),
  },
  sts: {
    harmless:
      words(`AccessKeyId Account Arn AssumedRoleId AssumedRoleUser Audience Credentials DurationSeconds
      Expiration ExternalId FederatedUser FederatedUserId Key Name PackedPolicySize Policy PolicyArns
      PrincipalArn Provider ProviderId RoleArn RoleSessionName SerialNumber SourceIdentity
      SubjectFromWebIdentityToken Tags TransitiveTagKeys UserId Value arn`),
    hidden: words(`${iamHidden} EncodedMessage DecodedMessage`),
  },
  cloudtrail: {
    harmless: words(
      'AttributeKey AttributeValue EndTime EventCategory LookupAttributes MaxResults StartTime trailNameList',
    ),
    hidden: words(''),
  },
  entryway: {
    harmless:
      words(`accountId accessKeyId accessEntry accessPolicies accessPolicy accessScope action algorithm anyNamespace
      apiGroups arn associatedAccessPolicy associatedAt associations assumeComplete at audiences block blockId blocks
      breakGlass closestPolicy clusterName clusters code comparedWith connection count createdAt createdBy credential
      credentialExpiresAt credentials description expired expiresAt findings hint issuedAt issuer keyId keys kind kubernetesGroups
      lastSeenAt lastUsedAt matchedRoles maxResults message minSeverity modifiedAt name names namespace namespaces
      nonResourceURLs objects pinnedAt pinnedBy policyArn previewToken principal principalArn principalId reason
      resource resourceNames resources revoke revokedAt roundUp rule rules savedAt seenAt serialNumber server serverTime setAt
      severity signsFrom since skipRules source state tags target transitive type tlsServerName until url usageSince username
      validityDays verb verbs version versions window`),
    hidden: words('secretAccessKey bearerToken clientKeyData token'),
  },
};

const nothing: Vocabulary = { harmless: words(''), hidden: words('') };

/** For a service nobody has looked at: nothing is harmless. */
export function vocabularyOf(service: string): Vocabulary {
  return Object.hasOwn(vocabularies, service) ? (vocabularies[service] ?? nothing) : nothing;
}
