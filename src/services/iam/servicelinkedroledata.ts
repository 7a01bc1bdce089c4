/** A role that belongs to a service: nobody else names, trusts or changes it. */
export interface ServiceLinkedRole {
  /** Under this name the service assumes it, and its path ends in it. */
  readonly service: string;
  readonly roleName: string;
  /** Managed policy under `aws-service-role/`. */
  readonly policyName: string;
  /** What IAM writes when the caller gives no description; only where one has been seen. */
  readonly description?: string;
}

/**
 * The roles of EKS (EKS user guide, "Using service-linked roles for Amazon EKS" and its six pages). None of them takes
 * a suffix.
 */
const roles: readonly ServiceLinkedRole[] = [
  {
    service: 'eks.amazonaws.com',
    roleName: 'AWSServiceRoleForAmazonEKS',
    policyName: 'AmazonEKSServiceRolePolicy',
    description: 'Allows Amazon EKS to call AWS services on your behalf.',
  },
  {
    service: 'eks-nodegroup.amazonaws.com',
    roleName: 'AWSServiceRoleForAmazonEKSNodegroup',
    policyName: 'AWSServiceRoleForAmazonEKSNodegroup',
    description: 'This policy allows Amazon EKS to create and manage Nodegroups',
  },
  {
    service: 'eks-fargate.amazonaws.com',
    roleName: 'AWSServiceRoleForAmazonEKSForFargate',
    policyName: 'AmazonEKSForFargateServiceRolePolicy',
  },
  {
    service: 'eks-connector.amazonaws.com',
    roleName: 'AWSServiceRoleForAmazonEKSConnector',
    policyName: 'AmazonEKSConnectorServiceRolePolicy',
  },
  {
    service: 'dashboard.eks.amazonaws.com',
    roleName: 'AWSServiceRoleForAmazonEKSDashboard',
    policyName: 'AmazonEKSDashboardServiceRolePolicy',
  },
  {
    service: 'outposts.eks-local.amazonaws.com',
    roleName: 'AWSServiceRoleForAmazonEKSLocalOutpost',
    policyName: 'AmazonEKSLocalOutpostServiceRolePolicy',
  },
];

/** The role of a service, by its name as IAM compares it: with case. */
export function serviceLinkedRoleOf(service: string): ServiceLinkedRole | undefined {
  return roles.find((role) => role.service === service);
}
