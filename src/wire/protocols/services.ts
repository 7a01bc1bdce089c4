import { cloudtrail } from './contract/cloudtrail.ts';
import { eks } from './contract/eks.ts';
import { iam } from './contract/iam.ts';
import { sts } from './contract/sts.ts';
import { openContract, type ServiceContract } from './contract.ts';
import { eksAuth } from './eksauth.ts';
import { entryway } from './entryway.ts';

/** By signing name. */
export type ServiceName = 'eks' | 'eks-auth' | 'iam' | 'sts' | 'cloudtrail' | 'entryway';

/** The services this server speaks. */
export const services: Readonly<Record<ServiceName, ServiceContract<ServiceName>>> = {
  eks: openContract(eks),
  'eks-auth': openContract(eksAuth),
  iam: openContract(iam),
  sts: openContract(sts),
  cloudtrail: openContract(cloudtrail),
  entryway: openContract(entryway),
};
