import type { Tag } from '@aws-sdk/client-iam';
import type { Principal } from '../../engine/iam/principal.ts';
import type { RequestContext } from '../../engine/iam/request.ts';
import type { RoleRecord, Tag as StoredTag, UserRecord } from '../../storage/records/iam.ts';
import { requestTagKeys, tagKeysKey } from '../conditionkeys.ts';
import {
  type AuthorizationTarget,
  defineOperation,
  type OperationContext,
  type Operations,
} from '../operation.ts';
import { type MemberConstraint, refuseInvalid, validateMember } from '../validation.ts';
import * as constraints from './constraints.ts';
import type { IamDependencies } from './dependencies.ts';
import { type EntityKind, entityTarget, requireEntity, roleKind, userKind } from './entities.ts';
import { quotaExceeded } from './errors.ts';
import { type PageRequest, pageFailures, pageOf } from './paging.ts';
import { policyTarget, requireOwnPolicy } from './policies/policylookup.ts';
import { atomically, replacing, type Stored } from './records.ts';

/** How the resource is named in an input: one of these, by kind. */
interface TagInput extends PageRequest {
  readonly UserName?: string | undefined;
  readonly RoleName?: string | undefined;
  readonly PolicyArn?: string | undefined;
  readonly InstanceProfileName?: string | undefined;
  readonly OpenIDConnectProviderArn?: string | undefined;
  readonly SerialNumber?: string | undefined;
  readonly Tags?: readonly Tag[] | undefined;
  readonly TagKeys?: readonly string[] | undefined;
}

/** What differs between the kinds of resources that carry tags. */
export interface TaggableKind<R extends { readonly tags: readonly StoredTag[] }> {
  /** As it stands in operation names: `TagMFADevice`. */
  readonly word: 'User' | 'Role' | 'Policy' | 'InstanceProfile' | 'OpenIDConnectProvider' | 'MFADevice';
  /** The member that names the resource. */
  readonly member: Exclude<keyof TagInput, 'Tags' | 'TagKeys' | keyof PageRequest>;
  readonly constraint: MemberConstraint;
  /** The target of an action on it; `keys` are those of the call. Tells the tags it has (`resourceTagKeys`). */
  readonly target: (
    action: string,
    name: string,
    context: OperationContext,
    keys: RequestContext,
  ) => Promise<AuthorizationTarget>;
  /** The record by the name in the input; throws what AWS answers when there is none. */
  readonly require: (caller: Principal, action: string, name: string) => Promise<Stored<R>>;
}

/** The tag operations of users, roles and policies. */
export function createTagOperations(dependencies: IamDependencies): Operations {
  const entity = <R extends UserRecord | RoleRecord>(kind: EntityKind<R> & { word: 'User' | 'Role' }) =>
    tagOperations<R>(dependencies, {
      word: kind.word,
      member: `${kind.word}Name`,
      constraint: kind.nameConstraint,
      target: (action, name, context, keys) => entityTarget(dependencies, kind, action, name, context, keys),
      require: ({ accountId }, _, name) => requireEntity(dependencies, kind, accountId, name),
    });
  return {
    ...entity({ ...userKind, word: 'User' }),
    ...entity({ ...roleKind, word: 'Role' }),
    ...tagOperations(dependencies, {
      word: 'Policy',
      member: 'PolicyArn',
      constraint: constraints.policyArn,
      target: (action, arn, context, keys) => policyTarget(dependencies, action, arn, context, keys),
      require: (caller, action, arn) => requireOwnPolicy(dependencies, caller, action, arn),
    }),
  };
}

/** `TagUser`, `UntagUser`, `ListUserTags` for one kind: keys unique without case (iam-facts J7). */
export function tagOperations<R extends { readonly tags: readonly StoredTag[] }>(
  { pageTokens }: Pick<IamDependencies, 'pageTokens'>,
  kind: TaggableKind<R>,
): Operations {
  const { word, member } = kind;

  const nameIn = (input: TagInput): string => input[member] ?? '';

  const nameFailures = (input: TagInput): string[] =>
    validateMember(member.charAt(0).toLowerCase() + member.slice(1), input[member], kind.constraint);

  const TagIt = defineOperation<TagInput, object>({
    authorization: (input, context) =>
      kind.target(`Tag${word}`, nameIn(input), context, requestTagKeys(input.Tags)),
    async handle(input, { caller, commit }) {
      refuseInvalid([
        ...nameFailures(input),
        ...validateMember('tags', input.Tags, { required: true }),
        ...constraints.tagFailures(input.Tags),
      ]);
      const added = constraints.storedTags(input.Tags);
      const replaced = new Set(added.map(({ Key }) => Key.toLowerCase()));
      return atomically(async () => {
        const stored = await kind.require(caller, `Tag${word}`, nameIn(input));
        const kept = stored.record.tags.filter(({ Key }) => !replaced.has(Key.toLowerCase()));
        const tags = [...kept, ...added];
        if (tags.length > constraints.maxTags) throw quotaExceeded(`TagsPer${word}`, constraints.maxTags);
        return commit(replacing(stored, { ...stored.record, tags }), {});
      });
    },
  });

  const UntagIt = defineOperation<TagInput, object>({
    authorization: (input, context) =>
      kind.target(`Untag${word}`, nameIn(input), context, tagKeysKey(input.TagKeys)),
    async handle(input, { caller, commit }) {
      refuseInvalid([...nameFailures(input), ...constraints.tagKeyFailures(input.TagKeys)]);
      const removed = new Set((input.TagKeys ?? []).map((key) => key.toLowerCase()));
      return atomically(async () => {
        const stored = await kind.require(caller, `Untag${word}`, nameIn(input));
        const tags = stored.record.tags.filter(({ Key }) => !removed.has(Key.toLowerCase()));
        return commit(replacing(stored, { ...stored.record, tags }), {});
      });
    },
  });

  const ListTags = defineOperation<TagInput, object>({
    authorization: (input, context) => kind.target(`List${word}Tags`, nameIn(input), context, new Map()),
    async handle(input, { caller }) {
      refuseInvalid([...nameFailures(input), ...pageFailures(input)]);
      const { key, record } = await kind.require(caller, `List${word}Tags`, nameIn(input));
      const tags = [...record.tags].sort((a, b) => (tagPosition(a) < tagPosition(b) ? -1 : 1));
      const { items, ...page } = pageOf(tags, tagPosition, input, {
        pageTokens,
        scope: `iam:List${word}Tags ${key}`,
      });
      return { Tags: [...items], ...page };
    },
  });

  return { [`Tag${word}`]: TagIt, [`Untag${word}`]: UntagIt, [`List${word}Tags`]: ListTags };
}

const tagPosition = ({ Key = '' }: Tag): string => Key.toLowerCase();
