import { cloudtrail } from './contract/cloudtrail.ts';
import { eks } from './contract/eks.ts';
import { iam } from './contract/iam.ts';
import { sts } from './contract/sts.ts';
import { openContract, type ServiceContract } from './contract.ts';

export type ServiceName = 'eks' | 'iam' | 'sts' | 'cloudtrail';

/** The four services this server speaks. */
export const services: Readonly<Record<ServiceName, ServiceContract<ServiceName>>> = {
  eks: openContract(eks),
  iam: openContract(iam),
  sts: openContract(sts),
  cloudtrail: openContract(cloudtrail),
};
