import { parseArn } from '../../engine/arn/arn.ts';
import { type CompiledPolicy, compileStoredPolicy, denyingPolicy } from '../../engine/iam/compile.ts';
import type { PolicySource } from '../../engine/iam/decision.ts';
import { createRecordCache } from '../../storage/recordcache.ts';
import type { PolicyRecord } from '../../storage/records/iam.ts';
import { allIamPrefix, policyKey } from '../../storage/records/keys.ts';
import type { Storage } from '../../storage/storage.ts';
import { policyArn } from '../iam/arns.ts';
import { awsManagedPolicy } from '../iam/policies/managedpolicies.ts';

/** As what a managed policy is used. */
export type ManagedUse = 'identity' | 'boundary' | 'session';

/** Managed policies, the account's and AWS's, in their default version, compiled; as of the last acknowledged write. */
export interface ManagedPolicies {
  /**
   * For a principal of the account. SECURITY: a policy that cannot be found, or is another account's, may have denied
   * something: it denies everything until somebody looks. IAM never deletes one that is attached.
   */
  get(accountId: string, arn: string, use: ManagedUse): Promise<CompiledPolicy>;
  close(): void;
}

export function createManagedPolicies({
  storage,
  partition,
  capacity,
}: {
  readonly storage: Storage;
  readonly partition: string;
  readonly capacity: number;
}): ManagedPolicies {
  const customers = createRecordCache(storage, { prefix: allIamPrefix, capacity }, (value) =>
    value === undefined ? undefined : customerPolicy(JSON.parse(value) as PolicyRecord, partition),
  );
  const ofAws = new Map<string, NamedDocument>();

  const awsPolicy = (arn: string): NamedDocument | undefined => {
    const known = ofAws.get(arn);
    if (known !== undefined) return known;
    const found = awsManagedPolicy(arn);
    if (found === undefined) return undefined;
    const policy = namedDocument(found.name, arn, found.document);
    ofAws.set(arn, policy);
    return policy;
  };

  return {
    async get(accountId, arn, use) {
      const { accountId: owner, resource } = parseArn(arn) ?? { accountId: '', resource: '' };
      const name = resource.slice(resource.lastIndexOf('/') + 1);
      const policy =
        owner === 'aws'
          ? awsPolicy(arn)
          : owner === accountId
            ? await customers.get(policyKey(accountId, name))
            : undefined;
      return policy?.arn === arn ? policy.as(use) : denyingPolicy(use, sourceOf(name, arn, use));
    },
    close: () => customers.close(),
  };
}

interface NamedDocument {
  readonly arn: string;
  /** Compiled when first used so. */
  as(use: ManagedUse): CompiledPolicy;
}

function customerPolicy(record: PolicyRecord, partition: string): NamedDocument {
  const version = record.versions.find(({ versionId }) => versionId === record.defaultVersionId);
  return namedDocument(record.name, policyArn(partition, record), version?.document);
}

function namedDocument(name: string, arn: string, document: string | undefined): NamedDocument {
  const compiled = new Map<ManagedUse, CompiledPolicy>();
  return {
    arn,
    as(use) {
      const known = compiled.get(use);
      if (known !== undefined) return known;
      const source = sourceOf(name, arn, use);
      const policy =
        document === undefined ? denyingPolicy(use, source) : compileStoredPolicy(document, use, source);
      compiled.set(use, policy);
      return policy;
    },
  };
}

function sourceOf(name: string, arn: string, use: ManagedUse): PolicySource {
  return { type: use === 'identity' ? 'managed' : use, name, arn };
}
