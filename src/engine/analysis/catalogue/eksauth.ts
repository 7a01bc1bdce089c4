import type { ServiceText } from './servicetext.ts';

/** Amazon EKS Auth, as the Service Authorization Reference lists it (September 2026). */
export const eksauth: ServiceText = {
  prefix: 'eks-auth',
  resources: {
    cluster: 'arn:<Partition>:eks:<Region>:<Account>:cluster/<ClusterName> aws:ResourceTag/',
  },
  keys: {},
  actions: {
    AssumeRoleForPodIdentity: 'cluster',
  },
};
