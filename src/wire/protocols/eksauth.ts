import type { ContractText } from './contract.ts';

/**
 * EKS Auth, by hand: its one operation in the form `npm run generate` writes for the other services (eks-access-facts
 * J13 to J15). It shares the path space of EKS, is signed for `eks-auth`, and its AccessDenied is modelled with 400.
 */
export const eksAuth = {
  service: 'eks-auth',
  protocol: 'restJson1',
  version: '2023-11-26',
  xmlNamespace: '',
  target: '',
  operations: {
    AssumeRoleForPodIdentity:
      'POST /clusters/{clusterName}/assume-role-for-pod-identity 200 AssumeRoleForPodIdentityRequest AssumeRoleForPodIdentityResponse',
  },
  structures: {
    AssumeRoleForPodIdentityRequest: 'clusterName!@path token!',
    AssumeRoleForPodIdentityResponse:
      'subject!:Subject audience! podIdentityAssociation!:PodIdentityAssociation assumedRoleUser!:AssumedRoleUser credentials!:Credentials',
    AssumedRoleUser: 'arn! assumeRoleId!',
    Credentials: 'sessionToken! secretAccessKey! accessKeyId! expiration!:timestamp',
    PodIdentityAssociation: 'associationArn! associationId!',
    Subject: 'namespace! serviceAccount!',
  },
  errors: {
    AccessDeniedException: '400 AccessDeniedException message',
    ExpiredTokenException: '400 ExpiredTokenException message',
    InternalServerException: '500 InternalServerException message',
    InvalidParameterException: '400 InvalidParameterException message',
    InvalidRequestException: '400 InvalidRequestException message',
    InvalidTokenException: '400 InvalidTokenException message',
    ResourceNotFoundException: '404 ResourceNotFoundException message',
    ServiceUnavailableException: '503 ServiceUnavailableException message',
    ThrottlingException: '429 ThrottlingException message',
  },
} as const satisfies ContractText;
