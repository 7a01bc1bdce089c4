import type { Tag } from '@aws-sdk/client-iam';
import type { RoleRecord, UserRecord } from '../../storage/records/iam.ts';
import { defineOperation, type OperationContext, type Operations } from '../operation.ts';
import { refuseInvalid, validateMember } from '../validation.ts';
import * as constraints from './constraints.ts';
import type { IamDependencies } from './dependencies.ts';
import { quotaExceeded } from './errors.ts';
import { type PageRequest, pageFailures, pageOf } from './paging.ts';
import {
  type NamedInput,
  nameOf,
  type PrincipalKind,
  principalTarget,
  requirePrincipal,
  roleKind,
  userKind,
} from './principals.ts';
import { atomically, replacing } from './records.ts';

/** `TagUser`, `UntagRole`, `ListUserTags` and so on: keys unique without case (iam-facts J7). */
export function createTagOperations(dependencies: IamDependencies): Operations {
  return { ...operationsFor(dependencies, userKind), ...operationsFor(dependencies, roleKind) };
}

function operationsFor<R extends UserRecord | RoleRecord>(
  dependencies: IamDependencies,
  kind: PrincipalKind<R>,
): Operations {
  const { pageTokens } = dependencies;
  const { word, noun } = kind;

  const target = (action: string) => (input: NamedInput, context: OperationContext) =>
    principalTarget(dependencies, kind, action, nameOf(kind, input) ?? '', context);

  const nameFailures = (input: NamedInput): string[] =>
    validateMember(`${noun}Name`, nameOf(kind, input), kind.nameConstraint);

  const TagIt = defineOperation<NamedInput & { readonly Tags?: readonly Tag[] | undefined }, object>({
    authorization: target(`Tag${word}`),
    async handle(input, { caller: { accountId }, commit }) {
      refuseInvalid([
        ...nameFailures(input),
        ...validateMember('tags', input.Tags, { required: true }),
        ...constraints.tagFailures(input.Tags),
      ]);
      const added = constraints.storedTags(input.Tags);
      const replaced = new Set(added.map(({ Key }) => Key.toLowerCase()));
      return atomically(async () => {
        const stored = await requirePrincipal(dependencies, kind, accountId, nameOf(kind, input) ?? '');
        const kept = stored.record.tags.filter(({ Key }) => !replaced.has(Key.toLowerCase()));
        const tags = [...kept, ...added];
        if (tags.length > constraints.maxTags) throw quotaExceeded(`TagsPer${word}`, constraints.maxTags);
        return commit(replacing(stored, { ...stored.record, tags }), {});
      });
    },
  });

  const UntagIt = defineOperation<NamedInput & { readonly TagKeys?: readonly string[] | undefined }, object>({
    authorization: target(`Untag${word}`),
    async handle(input, { caller: { accountId }, commit }) {
      refuseInvalid([...nameFailures(input), ...constraints.tagKeyFailures(input.TagKeys)]);
      const removed = new Set((input.TagKeys ?? []).map((key) => key.toLowerCase()));
      return atomically(async () => {
        const stored = await requirePrincipal(dependencies, kind, accountId, nameOf(kind, input) ?? '');
        const tags = stored.record.tags.filter(({ Key }) => !removed.has(Key.toLowerCase()));
        return commit(replacing(stored, { ...stored.record, tags }), {});
      });
    },
  });

  const ListTags = defineOperation<NamedInput & PageRequest, object>({
    authorization: target(`List${word}Tags`),
    async handle(input, { caller: { accountId } }) {
      refuseInvalid([...nameFailures(input), ...pageFailures(input)]);
      const { record } = await requirePrincipal(dependencies, kind, accountId, nameOf(kind, input) ?? '');
      const tags = [...record.tags].sort((a, b) => (tagPosition(a) < tagPosition(b) ? -1 : 1));
      const { items, ...page } = pageOf(tags, tagPosition, input, {
        pageTokens,
        scope: `iam:List${word}Tags ${record.principalId}`,
      });
      return { Tags: [...items], ...page };
    },
  });

  return { [`Tag${word}`]: TagIt, [`Untag${word}`]: UntagIt, [`List${word}Tags`]: ListTags };
}

const tagPosition = ({ Key = '' }: Tag): string => Key.toLowerCase();
