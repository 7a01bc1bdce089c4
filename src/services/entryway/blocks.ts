import { parsePrincipalArn } from '../../engine/arn/principalarn.ts';
import {
  type BlockTarget,
  blockTargetsOf,
  isRootTarget,
  parseBlockTarget,
} from '../../engine/identity/blocks.ts';
import { readBlockRecord } from '../../storage/records/blockrecord.ts';
import type { BlockRecord } from '../../storage/records/connections.ts';
import type { AccessKeyRecord } from '../../storage/records/iam.ts';
import { accessKeyKey, blockKey, blocksPrefix } from '../../storage/records/keys.ts';
import { RevisionConflictError, type StoredEntry } from '../../storage/storage.ts';
import { AwsError } from '../../wire/protocols/errors.ts';
import { readPage } from '../eks/paging.ts';
import { invalidParameter, invalidRequest, limitExceeded } from '../eks/refusals.ts';
import { atomically } from '../eks/retrying.ts';
import { defineOperation, type OperationContext, type Operations } from '../operation.ts';
import { createQuota } from '../quota.ts';
import type { EntrywayDeps } from './deps.ts';
import { readPeopleText } from './peopletext.ts';

/** Blocks of the server: what the index of them takes in memory stays below some ten megabytes. */
export const MAX_BLOCKS = 10_000;
const longestReason = 500;
/** Milliseconds for which a block that has ended is kept. */
const keptAfterEnd = 86_400_000;
/** Of the list, looked at by one read. */
const CHUNK = 200;

/** When a block takes effect where, in one line. The windows are those of `cli/bundle/windows.ts`, which a test holds it to. */
export const blockWindow =
  'at once on this server: AWS calls, tokens, built-in clusters, access policies; on connected clusters within 40s for ' +
  'tokens and 30s for access policies (as `entryway cluster bundle` sets their API servers up; by their own defaults 2m and 5m)';

interface CreateInput {
  readonly target: string;
  readonly until?: Date;
  readonly reason?: string;
}

interface ShownBlock extends Omit<BlockRecord, 'until' | 'createdAt'> {
  readonly until?: Date;
  readonly createdAt: Date;
}

/**
 * Create, List and DeleteBlock: who is shut out of this server, whatever allows (`access/blocklist.ts`). Blocks bind every
 * account, so that only principals of the first one make them.
 */
export function blockOperations(
  deps: Pick<EntrywayDeps, 'storage' | 'random' | 'pageTokens' | 'operatorAccountId'>,
): Operations {
  const { storage, random, pageTokens, operatorAccountId } = deps;
  const quota = createQuota(storage, MAX_BLOCKS, () =>
    limitExceeded(`A server can have at most ${MAX_BLOCKS} blocks`),
  );
  const authorizedOperator = (action: string) => ({
    authorization(_input: unknown, { caller }: OperationContext) {
      if (caller.accountId !== operatorAccountId) {
        throw new AwsError(
          'AccessDeniedException',
          `Blocks bind every account of this server: only principals of account ${operatorAccountId} may ask for ${action}`,
        );
      }
      return { action, resources: ['*'] };
    },
  });

  return {
    CreateBlock: defineOperation<CreateInput, { readonly block: ShownBlock; readonly window: string }>({
      ...authorizedOperator('entryway:CreateBlock'),
      async handle(input, context) {
        refuseForeignPartition(input.target, context.partition);
        const target = readTarget(input.target);
        const until = readUntil(input.until, context.now);
        const reason = readPeopleText('The reason', input.reason ?? '', longestReason);
        await refuseLockOut(target, context);
        await removeExpired(context.now);
        return await atomically(async () => {
          const key = blockKey(target.kind, target.target);
          const existing = await storage.get(key);
          const block: BlockRecord = {
            blockId: random.uuid(),
            ...target,
            ...(until !== undefined && { until }),
            reason,
            createdAt: context.now,
            createdBy: context.caller.arn,
          };
          const create = () =>
            context.commit(
              {
                expect: [{ key, revision: existing?.revision ?? 0 }],
                changes: [{ type: 'put', key, value: JSON.stringify(block) }],
              },
              { block: shownBlock(block), window: blockWindow },
            );
          if (existing === undefined) return await quota.within(blocksPrefix, create);
          refuseShorter(readBlock(existing), block);
          return await create();
        });
      },
    }),

    ListBlocks: defineOperation<
      { readonly maxResults?: number; readonly nextToken?: string },
      { readonly blocks: readonly ShownBlock[]; readonly nextToken?: string }
    >({
      ...authorizedOperator('entryway:ListBlocks'),
      async handle(input, context) {
        const bounds = readPage(pageTokens, context, ['entryway', 'ListBlocks'], input);
        const blocks: ShownBlock[] = [];
        let last: string | undefined;
        let after = bounds.after === undefined ? undefined : blocksPrefix + bounds.after;
        for (;;) {
          const read = await storage.list({
            prefix: blocksPrefix,
            limit: CHUNK,
            ...(after !== undefined && { after }),
          });
          for (const stored of read.entries) {
            const block = readBlock(stored);
            if (hasEnded(block, context.now)) continue;
            if (blocks.length === bounds.limit && last !== undefined) {
              return { blocks, nextToken: bounds.nextTokenAfter(last) };
            }
            blocks.push(shownBlock(block));
            last = stored.key.slice(blocksPrefix.length);
          }
          if (!read.more) return { blocks };
          after = read.entries.at(-1)?.key;
        }
      },
    }),

    DeleteBlock: defineOperation<{ readonly target: string }, object>({
      ...authorizedOperator('entryway:DeleteBlock'),
      handle: (input, context) =>
        atomically(async () => {
          const { kind, target } = readTarget(input.target);
          const stored = await storage.get(blockKey(kind, target));
          if (stored === undefined || hasEnded(readBlock(stored), context.now)) {
            throw new AwsError('ResourceNotFoundException', `No block found for target: ${target}`);
          }
          const { key, revision } = stored;
          return await context.commit(
            { expect: [{ key, revision }], changes: [{ type: 'delete', key }] },
            {},
          );
        }),
    }),
  };

  /**
   * SECURITY: the first account's root runs the server. Were it blocked, nobody might be left who can lift the block; nor must
   * anybody shut himself out by a slip.
   */
  async function refuseLockOut(target: BlockTarget, { caller }: OperationContext): Promise<void> {
    if (isRootTarget(target, operatorAccountId) || (await isKeyOfOperator(target))) {
      throw invalidRequest(
        `The root of account ${operatorAccountId} runs this server and cannot be blocked; delete or deactivate an access key of it that leaked`,
      );
    }
    const own = blockTargetsOf(caller);
    if (own.some(({ kind, target: named }) => kind === target.kind && named === target.target)) {
      throw invalidRequest(`The block would shut out its own caller, ${caller.arn}`);
    }
  }

  async function isKeyOfOperator({ kind, target }: BlockTarget): Promise<boolean> {
    if (kind !== 'accessKey') return false;
    const stored = await storage.get(accessKeyKey(target));
    if (stored === undefined) return false;
    const { owner, accountId } = JSON.parse(stored.value) as AccessKeyRecord;
    return owner.kind === 'root' && accountId === operatorAccountId;
  }

  /**
   * Blocks that have ended hold nobody; they make room whenever one is made.
   *
   * SECURITY: not at once, so that they hold again when a clock that went ahead is put right.
   */
  async function removeExpired(now: number): Promise<void> {
    const { entries } = await storage.list({ prefix: blocksPrefix });
    const ended = entries.filter((stored) => hasEnded(readBlock(stored), now - keptAfterEnd));
    if (ended.length === 0) return;
    try {
      await storage.commit({
        expect: ended.map(({ key, revision }) => ({ key, revision })),
        changes: ended.map(({ key }) => ({ type: 'delete', key })),
      });
    } catch (error) {
      // One of them was made anew meanwhile; the next call removes the others.
      if (!(error instanceof RevisionConflictError)) throw error;
    }
  }
}

function readTarget(text: string): BlockTarget {
  const target = parseBlockTarget(text);
  if (target === undefined) {
    throw invalidParameter(
      'The target must be the ARN of a user, role, account root or session, a unique id (AIDA… or AROA…), AROA…:SESSION, or an access key id',
    );
  }
  return target;
}

/** SECURITY: nobody here is of another partition. The block would hold nobody, and its maker would believe it does. */
function refuseForeignPartition(text: string, partition: string): void {
  const named = parsePrincipalArn(text);
  if (named === undefined || named.partition === partition) return;
  throw invalidParameter(
    `ARNs of partition ${named.partition} name nobody here: this server is of ${partition}`,
  );
}

function readUntil(until: Date | undefined, now: number): number | undefined {
  if (until === undefined) return undefined;
  const time = until.getTime();
  if (!(time > now)) throw invalidParameter('The end of a block (until) must be in the future');
  return time;
}

/** What holds longer is not cut short by a slip: it has to be lifted by name. */
function refuseShorter(there: BlockRecord, wanted: BlockRecord): void {
  const isShorter =
    !hasEnded(there, wanted.createdAt) &&
    wanted.until !== undefined &&
    (there.until === undefined || wanted.until < there.until);
  if (isShorter) {
    throw new AwsError(
      'ResourceInUseException',
      `A block of ${there.target} is there that holds longer; delete it first to make one that ends sooner`,
    );
  }
}

function hasEnded({ until }: BlockRecord, now: number): boolean {
  return until !== undefined && until <= now;
}

function readBlock({ key, value }: StoredEntry): BlockRecord {
  return readBlockRecord(key, value).block;
}

function shownBlock({ until, createdAt, ...block }: BlockRecord): ShownBlock {
  return { ...block, ...(until !== undefined && { until: new Date(until) }), createdAt: new Date(createdAt) };
}
