import { isDeepStrictEqual } from 'node:util';
import { customPolicyArn, isCustomPolicyName } from '../../engine/accesspolicies/custom.ts';
import type { AccessPolicyFinding } from '../../engine/analysis/accesspolicylint/rule.ts';
import type { AccessPolicyRecord, StoredPolicyRule } from '../../storage/records/eks.ts';
import { accessPoliciesPrefix, accessPolicyKey, accessPolicyUsesPrefix } from '../../storage/records/keys.ts';
import { AwsError } from '../../wire/protocols/errors.ts';
import { findCustomPolicy } from '../eks/customaccesspolicies.ts';
import type { Found } from '../eks/lookup.ts';
import { readPage } from '../eks/paging.ts';
import { invalidParameter, limitExceeded } from '../eks/refusals.ts';
import { atomically } from '../eks/retrying.ts';
import { defineOperation, type OperationContext, type Operations } from '../operation.ts';
import { createQuota } from '../quota.ts';
import type { EntrywayDeps } from './deps.ts';
import { readPeopleText } from './peopletext.ts';
import { findingsOn, type PolicyRuleInput, readPolicyRules } from './policyrules.ts';

/** Access policies of an account, and the versions that are kept of each. */
const MAX_POLICIES = 100;
const MAX_VERSIONS = 5;
const MAX_DESCRIPTION_LENGTH = 1_000;

interface Named {
  readonly name: string;
}
interface Written extends Named {
  readonly rules: readonly PolicyRuleInput[];
  readonly description?: string;
}
interface Paged {
  readonly maxResults?: number;
  readonly nextToken?: string;
}

interface PolicySummary extends Named {
  readonly arn: string;
  readonly description: string;
  readonly version: number;
  readonly associations: number;
  readonly createdAt: Date;
  readonly modifiedAt: Date;
}
interface Shown {
  readonly accessPolicy: PolicySummary & {
    readonly versions: readonly number[];
    readonly rules: readonly StoredPolicyRule[];
  };
  readonly findings: readonly ShownFinding[];
}
interface ShownFinding {
  readonly severity: string;
  readonly code: string;
  readonly message: string;
  readonly rule: number;
}

/**
 * Create, Update, Get, List and DeleteAccessPolicy: an account's own access policies, associated like AWS's. The last
 * version counts, everywhere at once.
 */
export function customAccessPolicyOperations(
  deps: Pick<EntrywayDeps, 'storage' | 'partition' | 'pageTokens'>,
): Operations {
  const { storage, partition } = deps;
  const quota = createQuota(storage, MAX_POLICIES, () =>
    limitExceeded(`An account can have at most ${MAX_POLICIES} access policies of its own`),
  );
  const arnOf = (accountId: string, name: string): string => customPolicyArn({ partition, accountId, name });
  const onPolicy = (action: string) => ({
    authorization: ({ name }: Named, context: OperationContext) => ({
      action,
      resources: [arnOf(context.caller.accountId, name)],
    }),
  });
  const find = async ({ name }: Named, { caller }: OperationContext): Promise<Found<AccessPolicyRecord>> => {
    const { accountId } = caller;
    const found = await findCustomPolicy(storage, { partition, accountId }, arnOf(accountId, name));
    if (found === undefined) {
      throw new AwsError('ResourceNotFoundException', `There is no access policy ${name}`);
    }
    return found;
  };
  const associationsOf = ({ accountId, name }: AccessPolicyRecord): Promise<number> =>
    storage.count(accessPolicyUsesPrefix(accountId, name));

  const summaryOf = (record: AccessPolicyRecord, associations: number): PolicySummary => ({
    name: record.name,
    arn: arnOf(record.accountId, record.name),
    description: record.description,
    version: record.versions.at(-1)?.version ?? 0,
    associations,
    createdAt: new Date(record.createdAt),
    modifiedAt: new Date(record.modifiedAt),
  });
  const shown = (
    record: AccessPolicyRecord,
    associations: number,
    { version, rules, findings }: { version: number; rules: Rules; findings: readonly AccessPolicyFinding[] },
  ): Shown => ({
    accessPolicy: {
      ...summaryOf(record, associations),
      version,
      versions: record.versions.map((one) => one.version),
      rules,
    },
    findings: findings.map(({ severity, id, message, rule }) => ({ severity, code: id, message, rule })),
  });

  return {
    CreateAccessPolicy: defineOperation<Written, Shown>({
      ...onPolicy('entryway:CreateAccessPolicy'),
      async handle(input, context) {
        const { name } = input;
        if (!isCustomPolicyName(name)) {
          throw invalidParameter(
            'The name of an access policy has 1 to 128 letters, digits, hyphens and underscores, and does not begin with Amazon or AWS',
          );
        }
        const description = readDescription(input);
        const { rules, findings } = readPolicyRules(input.rules);
        const { accountId } = context.caller;
        const key = accessPolicyKey(accountId, name);
        const { now } = context;
        const record: AccessPolicyRecord = {
          ...{ accountId, name, description, createdAt: now, modifiedAt: now },
          versions: [{ version: 1, createdAt: now, rules }],
          associationsMade: 0,
        };
        return await atomically(async () => {
          if ((await storage.get(key)) !== undefined) {
            throw new AwsError('ResourceInUseException', `There is an access policy ${name} already`);
          }
          return await quota.within(accessPoliciesPrefix(accountId), () =>
            context.commit(
              {
                expect: [{ key, revision: 0 }],
                changes: [{ type: 'put', key, value: JSON.stringify(record) }],
              },
              shown(record, 0, { version: 1, rules, findings }),
            ),
          );
        });
      },
    }),

    UpdateAccessPolicy: defineOperation<Written, Shown>({
      ...onPolicy('entryway:UpdateAccessPolicy'),
      async handle(input, context) {
        const { rules, findings } = readPolicyRules(input.rules);
        return await atomically(async () => {
          const { key, record, unchanged } = await find(input, context);
          const last = record.versions.at(-1);
          const isSame = last !== undefined && isDeepStrictEqual(last.rules, rules);
          const version = isSame ? last.version : (last?.version ?? 0) + 1;
          const versions = isSame
            ? record.versions
            : [...record.versions, { version, createdAt: context.now, rules }].slice(-MAX_VERSIONS);
          const changed: AccessPolicyRecord = {
            ...record,
            // Left out, it stays.
            description: input.description === undefined ? record.description : readDescription(input),
            modifiedAt: context.now,
            versions,
          };
          return await context.commit(
            { expect: [unchanged], changes: [{ type: 'put', key, value: JSON.stringify(changed) }] },
            shown(changed, await associationsOf(record), { version, rules, findings }),
          );
        });
      },
    }),

    GetAccessPolicy: defineOperation<Named & { readonly version?: number }, Shown>({
      ...onPolicy('entryway:GetAccessPolicy'),
      async handle(input, context) {
        const { record } = await find(input, context);
        const wanted = input.version ?? record.versions.at(-1)?.version;
        const kept = record.versions.find(({ version }) => version === wanted);
        if (kept === undefined) {
          throw new AwsError(
            'ResourceNotFoundException',
            `Version ${wanted} of access policy ${input.name} does not exist or is not kept any more`,
          );
        }
        const findings = findingsOn(kept.rules);
        return shown(record, await associationsOf(record), { ...kept, findings });
      },
    }),

    ListAccessPolicies: defineOperation<
      Paged,
      { readonly accessPolicies: readonly PolicySummary[]; readonly nextToken?: string }
    >({
      authorization: () => ({ action: 'entryway:ListAccessPolicies', resources: ['*'] }),
      async handle(input, context) {
        const bounds = readPage(deps.pageTokens, context, ['OwnAccessPolicies'], input);
        const prefix = accessPoliciesPrefix(context.caller.accountId);
        const { entries, more } = await storage.list({
          prefix,
          limit: bounds.limit,
          ...(bounds.after !== undefined && { after: prefix + bounds.after }),
        });
        const records = entries.map(({ value }) => JSON.parse(value) as AccessPolicyRecord);
        const accessPolicies = await Promise.all(
          records.map(async (record) => summaryOf(record, await associationsOf(record))),
        );
        const last = records.at(-1);
        return more && last !== undefined
          ? { accessPolicies, nextToken: bounds.nextTokenAfter(last.name) }
          : { accessPolicies };
      },
    }),

    DeleteAccessPolicy: defineOperation<Named, object>({
      ...onPolicy('entryway:DeleteAccessPolicy'),
      handle: (input, context) =>
        atomically(async () => {
          const { key, record, unchanged } = await find(input, context);
          // After the record was read: an association that comes later changes it, and this attempt is lost.
          const associations = await associationsOf(record);
          if (associations > 0) {
            const entries = associations === 1 ? '1 access entry' : `${associations} access entries`;
            throw new AwsError(
              'ResourceInUseException',
              `The access policy ${record.name} is associated with ${entries}`,
            );
          }
          return await context.commit({ expect: [unchanged], changes: [{ type: 'delete', key }] }, {});
        }),
    }),
  };
}

type Rules = readonly StoredPolicyRule[];

function readDescription({ description = '' }: Pick<Written, 'description'>): string {
  return readPeopleText('The description', description, MAX_DESCRIPTION_LENGTH);
}
