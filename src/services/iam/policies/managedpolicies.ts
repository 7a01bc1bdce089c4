import { isPartition } from '../../../engine/arn/partitions.ts';
import { managedPolicyData } from './managedpolicydata.ts';

/** A policy owned by AWS: readable and attachable by everybody, changeable by nobody. Times are epoch milliseconds. */
export interface AwsManagedPolicy {
  /** `arn:PARTITION:iam::aws:policy/PATH/NAME`, in the partition it was asked for. */
  readonly arn: string;
  readonly name: string;
  readonly path: string;
  /** ANPA…, the same as on AWS; absent where it is not public. */
  readonly policyId?: string;
  readonly description?: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly defaultVersionId: string;
  /** JSON text of the default version, the only one known here. */
  readonly document: string;
}

const arnPattern = /^arn:(aws[a-z-]*):iam::aws:policy\/(.+)$/;

const byPartition = new Map<string, ReadonlyMap<string, AwsManagedPolicy>>();

/**
 * The AWS-managed policy with this ARN, or undefined when Entryway does not carry it. Names compare with case, as
 * every ARN does. Only those that matter for EKS and whose document is public are carried (docs/compat.md).
 */
export function awsManagedPolicy(arn: string): AwsManagedPolicy | undefined {
  const match = arnPattern.exec(arn);
  if (match === null) return undefined;
  const [, partition = '', pathAndName = ''] = match;
  return policiesOf(partition).get(`/${pathAndName}`);
}

/** All of them, in the order of their names. */
export function awsManagedPolicies(partition = 'aws'): readonly AwsManagedPolicy[] {
  return [...policiesOf(partition).values()];
}

function policiesOf(partition: string): ReadonlyMap<string, AwsManagedPolicy> {
  const known = byPartition.get(partition);
  if (known !== undefined) return known;
  if (!isPartition(partition)) return new Map();
  const policies = managedPolicyData
    .map((data) => ({
      arn: `arn:${partition}:iam::aws:policy${data.path}${data.name}`,
      name: data.name,
      path: data.path,
      ...(data.policyId === undefined ? {} : { policyId: data.policyId }),
      ...(data.description === undefined ? {} : { description: data.description }),
      createdAt: Date.parse(data.created),
      updatedAt: Date.parse(data.updated),
      defaultVersionId: data.version,
      document: JSON.stringify({ Version: '2012-10-17', Statement: data.statements }),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const byName = new Map(policies.map((policy) => [policy.path + policy.name, policy]));
  byPartition.set(partition, byName);
  return byName;
}
