import type { AttachedPolicy } from '@aws-sdk/client-iam';
import { parseArn } from '../../../engine/arn/arn.ts';
import { lowerAscii } from '../../../engine/arn/case.ts';
import type { Batch } from '../../../storage/storage.ts';
import { conditionKey } from '../../conditionkeys.ts';
import { defineOperation, type OperationContext, type Operations } from '../../operation.ts';
import { refuseInvalid, validateMember } from '../../validation.ts';
import * as constraints from '../constraints.ts';
import type { IamDependencies } from '../dependencies.ts';
import {
  type Entity,
  type EntityKind,
  groupKind,
  idOf,
  type NamedInput,
  namedTarget,
  nameFailures,
  requireChangeable,
  requireNamed,
  roleKind,
  userKind,
} from '../entities.ts';
import { noSuchEntity, quotaExceeded } from '../errors.ts';
import { type PageRequest, pageFailures, pageOf } from '../paging.ts';
import { atomically, put, type Stored } from '../records.ts';
import { type FoundPolicy, findPolicy } from './policylookup.ts';
import { recounting, requireAttachable } from './policyuse.ts';

/** Managed policies per user, role or group (iam-facts J4; AWS raises it to 20 on request). */
const attachmentLimit = 10;

interface AttachInput extends NamedInput {
  readonly PolicyArn?: string | undefined;
}

interface ListInput extends NamedInput, PageRequest {
  readonly PathPrefix?: string | undefined;
}

/** `AttachUserPolicy`, `ListAttachedRolePolicies` and so on. */
export function createAttachmentOperations(dependencies: IamDependencies): Operations {
  return {
    ...operationsFor(dependencies, userKind),
    ...operationsFor(dependencies, roleKind),
    ...operationsFor(dependencies, groupKind),
  };
}

function operationsFor<R extends Entity>(dependencies: IamDependencies, kind: EntityKind<R>): Operations {
  const { pageTokens } = dependencies;
  const { word } = kind;

  const attachTarget = (action: string) => (input: AttachInput, context: OperationContext) =>
    namedTarget(dependencies, kind, action)(input, context, conditionKey('iam:PolicyARN', input.PolicyArn));

  const failures = (input: AttachInput): string[] => [
    ...nameFailures(kind, input),
    ...validateMember('policyArn', input.PolicyArn, constraints.policyArn),
  ];

  /** Changes what is attached and, for the account's own policies, the policy's count, in one write. */
  const reattaching = (
    { key, revision, record }: Stored<R>,
    found: FoundPolicy | undefined,
    attachedPolicyArns: readonly string[],
  ): Batch => {
    const attachments = attachedPolicyArns.length - record.attachedPolicyArns.length;
    const counted = recounting(found, { attachments });
    return {
      expect: [{ key, revision }, ...counted.expect],
      changes: [put(key, { ...record, attachedPolicyArns }), ...counted.changes],
    };
  };

  const Attach = defineOperation<AttachInput, object>({
    authorization: attachTarget(`Attach${word}Policy`),
    async handle(input, { caller: { accountId }, commit }) {
      const { PolicyArn: arn = '' } = input;
      refuseInvalid(failures(input));
      return atomically(async () => {
        const stored = await requireChangeable(dependencies, kind, accountId, input);
        const found = requireAttachable(await findPolicy(dependencies, accountId, arn), 'Policy', arn);
        const attached = stored.record.attachedPolicyArns;
        if (attached.includes(arn)) return {};
        if (attached.length >= attachmentLimit) throw quotaExceeded(`PoliciesPer${word}`, attachmentLimit);
        return commit(reattaching(stored, found, [...attached, arn]), {});
      });
    },
  });

  const Detach = defineOperation<AttachInput, object>({
    authorization: attachTarget(`Detach${word}Policy`),
    async handle(input, { caller: { accountId }, commit }) {
      const { PolicyArn: arn = '' } = input;
      refuseInvalid(failures(input));
      return atomically(async () => {
        const stored = await requireChangeable(dependencies, kind, accountId, input);
        const attached = stored.record.attachedPolicyArns;
        if (!attached.includes(arn)) throw noSuchEntity(`Policy ${arn} was not found.`);
        const found = await findPolicy(dependencies, accountId, arn);
        const kept = attached.filter((other) => other !== arn);
        return commit(reattaching(stored, found, kept), {});
      });
    },
  });

  const ListAttached = defineOperation<ListInput, object>({
    authorization: namedTarget(dependencies, kind, `ListAttached${word}Policies`),
    async handle(input, { caller: { accountId } }) {
      const { PathPrefix = '/' } = input;
      refuseInvalid([
        ...nameFailures(kind, input),
        ...validateMember('pathPrefix', input.PathPrefix, constraints.policyPath),
        ...pageFailures(input),
      ]);
      const { record } = await requireNamed(dependencies, kind, accountId, input);
      const attached = record.attachedPolicyArns
        .map(attachedPolicy)
        .filter((policy) => policy.path.startsWith(PathPrefix))
        .sort((a, b) => (a.position < b.position ? -1 : 1));
      const { items, ...page } = pageOf(attached, (policy) => policy.position, input, {
        pageTokens,
        scope: `iam:ListAttached${word}Policies ${idOf(record)} ${PathPrefix}`,
      });
      return { AttachedPolicies: items.map(({ answer }) => answer), ...page };
    },
  });

  return {
    [`Attach${word}Policy`]: Attach,
    [`Detach${word}Policy`]: Detach,
    [`ListAttached${word}Policies`]: ListAttached,
  };
}

/** Name and owner make a short position: names are unique per owner without case, whatever their paths. */
function attachedPolicy(arn: string): {
  readonly answer: AttachedPolicy;
  readonly path: string;
  readonly position: string;
} {
  const { accountId = '', resource = '' } = parseArn(arn) ?? {};
  const start = resource.indexOf('/');
  const end = resource.lastIndexOf('/') + 1;
  const name = resource.slice(end);
  return {
    answer: { PolicyName: name, PolicyArn: arn },
    path: resource.slice(start, end),
    position: `${lowerAscii(name)} ${accountId}`,
  };
}
