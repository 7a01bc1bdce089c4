import type { ServiceText } from './servicetext.ts';

/** Amazon EKS, as the Service Authorization Reference lists it (September 2026). */
export const eks: ServiceText = {
  prefix: 'eks',
  resources: {
    'access-entry': `arn:<Partition>:eks:<Region>:<Account>:access-entry/<ClusterName>/<IamIdentityType>/<IamIdentityAccountID>/<IamIdentityName>/<UUID> aws:ResourceTag/ eks:accessEntryType eks:clusterName
      eks:kubernetesGroups eks:principalArn eks:username`,
    'access-policy': 'arn:<Partition>:eks::aws:cluster-access-policy/<AccessPolicyName>',
    addon: 'arn:<Partition>:eks:<Region>:<Account>:addon/<ClusterName>/<AddonName>/<UUID> aws:ResourceTag/',
    capability:
      'arn:<Partition>:eks:<Region>:<Account>:capability/<ClusterName>/<CapabilityType>/<CapabilityName>/<UUID> aws:ResourceTag/',
    cluster: 'arn:<Partition>:eks:<Region>:<Account>:cluster/<ClusterName> aws:ResourceTag/',
    dashboard: 'arn:<Partition>:eks:<Region>:<Account>:dashboard/<DashboardName> aws:ResourceTag/',
    'eks-anywhere-subscription':
      'arn:<Partition>:eks:<Region>:<Account>:eks-anywhere-subscription/<UUID> aws:ResourceTag/',
    fargateprofile:
      'arn:<Partition>:eks:<Region>:<Account>:fargateprofile/<ClusterName>/<FargateProfileName>/<UUID> aws:ResourceTag/',
    identityproviderconfig:
      'arn:<Partition>:eks:<Region>:<Account>:identityproviderconfig/<ClusterName>/<IdentityProviderType>/<IdentityProviderConfigName>/<UUID> aws:ResourceTag/',
    nodegroup:
      'arn:<Partition>:eks:<Region>:<Account>:nodegroup/<ClusterName>/<NodegroupName>/<UUID> aws:ResourceTag/',
    podidentityassociation:
      'arn:<Partition>:eks:<Region>:<Account>:podidentityassociation/<ClusterName>/<UUID> aws:ResourceTag/',
  },
  keys: {
    ARN: 'eks:policyArn eks:principalArn',
    ArrayOfARN: 'eks:encryptionConfigProviderKeyArns',
    ArrayOfString: 'eks:kubernetesGroups eks:namespaces',
    Bool: `eks:blockStorageEnabled eks:bootstrapClusterCreatorAdminPermissions
      eks:bootstrapSelfManagedAddons eks:computeConfigEnabled eks:deletionProtection
      eks:elasticLoadBalancingEnabled eks:endpointPrivateAccess eks:endpointPublicAccess
      eks:kubeApiServerConfig eks:kubeControllerManagerConfig eks:kubeSchedulerConfig eks:loggingType/
      eks:zonalShiftEnabled`,
    String: `eks:accessEntryType eks:accessScope eks:authenticationMode eks:clientId eks:clusterName
      eks:controlPlaneEgressMode eks:controlPlaneScalingTier eks:issuerUrl eks:kubernetesVersion
      eks:supportType eks:username`,
  },
  actions: {
    AccessKubernetesApi: 'cluster',
    ActivateCertificateAuthority: 'cluster',
    AssociateAccessPolicy: 'access-entry eks:accessScope eks:namespaces eks:policyArn',
    AssociateEncryptionConfig: 'cluster eks:encryptionConfigProviderKeyArns',
    AssociateIdentityProviderConfig: 'cluster aws:RequestTag/ aws:TagKeys eks:clientId eks:issuerUrl',
    CancelUpdate: 'cluster',
    CreateAccessEntry: `cluster aws:RequestTag/ aws:TagKeys eks:accessEntryType eks:kubernetesGroups eks:principalArn
      eks:username`,
    CreateAddon: 'cluster podidentityassociation? aws:RequestTag/ aws:TagKeys',
    CreateCapability: 'cluster aws:RequestTag/ aws:TagKeys',
    CreateCertificateAuthority: 'cluster',
    // The user guide allows it on the ARN of one cluster, although the reference lists no resource type.
    CreateCluster: `cluster? aws:RequestTag/ aws:TagKeys eks:authenticationMode eks:blockStorageEnabled
      eks:bootstrapClusterCreatorAdminPermissions eks:bootstrapSelfManagedAddons
      eks:computeConfigEnabled eks:controlPlaneEgressMode eks:controlPlaneScalingTier
      eks:deletionProtection eks:elasticLoadBalancingEnabled eks:encryptionConfigProviderKeyArns
      eks:endpointPrivateAccess eks:endpointPublicAccess eks:kubeApiServerConfig
      eks:kubeControllerManagerConfig eks:kubeSchedulerConfig eks:kubernetesVersion eks:loggingType/
      eks:supportType eks:zonalShiftEnabled`,
    CreateEksAnywhereSubscription: 'aws:RequestTag/ aws:TagKeys',
    CreateFargateProfile: 'cluster aws:RequestTag/ aws:TagKeys',
    CreateNodegroup: 'cluster aws:RequestTag/ aws:TagKeys',
    CreatePodIdentityAssociation: 'cluster aws:RequestTag/ aws:TagKeys',
    DeleteAccessEntry: 'access-entry',
    DeleteAddon: 'addon podidentityassociation?',
    DeleteCapability: 'capability',
    DeleteCertificateAuthority: 'cluster',
    DeleteCluster: 'cluster',
    DeleteEksAnywhereSubscription: 'eks-anywhere-subscription',
    DeleteFargateProfile: 'fargateprofile',
    DeleteNodegroup: 'nodegroup',
    DeletePodIdentityAssociation: 'podidentityassociation',
    DeregisterCluster: 'cluster',
    DescribeAccessEntry: 'access-entry',
    DescribeAddon: 'addon',
    DescribeAddonConfiguration: '',
    DescribeAddonVersions: '',
    DescribeCapability: 'capability',
    DescribeCertificateAuthority: 'cluster',
    DescribeCluster: 'cluster',
    DescribeClusterVersions: '',
    DescribeEksAnywhereSubscription: 'eks-anywhere-subscription',
    DescribeFargateProfile: 'fargateprofile',
    DescribeIdentityProviderConfig: 'identityproviderconfig',
    DescribeInsight: 'cluster',
    DescribeInsightsRefresh: 'cluster',
    DescribeNodegroup: 'nodegroup',
    DescribePodIdentityAssociation: 'podidentityassociation',
    DescribeUpdate: 'addon? capability? cluster nodegroup?',
    DisassociateAccessPolicy: 'access-entry eks:accessScope eks:namespaces eks:policyArn',
    DisassociateIdentityProviderConfig: 'identityproviderconfig',
    ListAccessEntries: 'cluster',
    ListAccessPolicies: '',
    ListAddons: 'cluster',
    ListAssociatedAccessPolicies: 'access-entry',
    ListCapabilities: 'cluster',
    ListCertificateAuthorities: 'cluster',
    ListClusters: '',
    ListDashboardData: 'dashboard',
    ListDashboardResources: 'dashboard',
    ListEksAnywhereSubscriptions: '',
    ListFargateProfiles: 'cluster',
    ListIdentityProviderConfigs: 'cluster',
    ListInsights: 'cluster',
    ListNodegroups: 'cluster',
    ListPodIdentityAssociations: 'cluster',
    ListTagsForResource: `addon? capability? cluster? dashboard? eks-anywhere-subscription? fargateprofile?
      identityproviderconfig? nodegroup?`,
    ListUpdates: 'addon? capability? cluster nodegroup?',
    MutateViaKubernetesApi: 'cluster',
    RegisterCluster: 'cluster? aws:RequestTag/ aws:TagKeys',
    StartInsightsRefresh: 'cluster',
    TagResource: `access-entry? addon? capability? cluster? dashboard? eks-anywhere-subscription? fargateprofile?
      identityproviderconfig? nodegroup? podidentityassociation? aws:RequestTag/ aws:TagKeys`,
    UntagResource: `access-entry? addon? capability? cluster? dashboard? eks-anywhere-subscription? fargateprofile?
      identityproviderconfig? nodegroup? podidentityassociation? aws:TagKeys`,
    UpdateAccessEntry: 'access-entry',
    UpdateAddon: 'addon podidentityassociation?',
    UpdateCapability: 'capability',
    UpdateClusterConfig: `cluster eks:authenticationMode eks:blockStorageEnabled eks:computeConfigEnabled
      eks:controlPlaneEgressMode eks:controlPlaneScalingTier eks:deletionProtection
      eks:elasticLoadBalancingEnabled eks:endpointPrivateAccess eks:endpointPublicAccess
      eks:kubeApiServerConfig eks:kubeControllerManagerConfig eks:kubeSchedulerConfig eks:loggingType/
      eks:supportType eks:zonalShiftEnabled`,
    UpdateClusterVersion: 'cluster eks:kubernetesVersion',
    UpdateEksAnywhereSubscription: 'eks-anywhere-subscription',
    UpdateNodegroupConfig: 'nodegroup',
    UpdateNodegroupVersion: 'nodegroup',
    UpdatePodIdentityAssociation: 'podidentityassociation',
  },
};
