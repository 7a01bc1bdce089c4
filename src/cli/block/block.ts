import { parseBlockTarget } from '../../engine/identity/blocks.ts';
import { AwsError } from '../../wire/protocols/errors.ts';
import { CommandError } from '../failure.ts';
import { type CallerOptions, callAs, pagesAs } from '../ours.ts';
import { printable } from '../render/printable.ts';
import { renderTable } from '../render/table.ts';
import { parseDeadline } from './deadline.ts';

export interface AddBlockOptions extends CallerOptions {
  readonly until?: string;
  readonly reason: string;
  readonly output: 'text' | 'json';
}

export interface ListBlocksOptions extends CallerOptions {
  readonly output: 'text' | 'json';
}

interface Block {
  readonly blockId: string;
  readonly kind: string;
  readonly target: string;
  readonly until?: Date;
  readonly reason: string;
  readonly createdAt: Date;
  readonly createdBy: string;
}

/** Blocks the target and says when that takes effect where. */
export async function addBlock(target: string, options: AddBlockOptions): Promise<void> {
  refuseNobody(target);
  const until = options.until === undefined ? undefined : parseDeadline(options.until, '--until', Date.now());
  const answer = await callAs<{ readonly block: Block; readonly window: string }>(options, 'CreateBlock', {
    target,
    reason: options.reason,
    ...(until !== undefined && { until: new Date(until) }),
  });
  const { block, window } = answer;
  process.stdout.write(
    options.output === 'json'
      ? `${JSON.stringify(answer, undefined, 2)}\n`
      : `${block.target} is blocked ${endOf(block)}\n${window}\n`,
  );
}

export async function listBlocks(options: ListBlocksOptions): Promise<void> {
  const blocks: Block[] = [];
  for await (const page of pagesAs<{ readonly blocks: readonly Block[]; readonly nextToken?: string }>(
    options,
    'ListBlocks',
  )) {
    blocks.push(...page.blocks);
  }
  if (options.output === 'json') {
    process.stdout.write(`${JSON.stringify({ blocks }, undefined, 2)}\n`);
    return;
  }
  if (blocks.length === 0) {
    process.stderr.write('entryway: nobody is blocked\n');
    return;
  }
  process.stdout.write(
    renderTable(
      ['target', 'until', 'since', 'by', 'reason'].map((title) => ({ title })),
      blocks.map(({ target, until, createdAt, createdBy, reason }) => [
        printable(target),
        until === undefined ? 'removed' : second(until),
        second(createdAt),
        printable(createdBy),
        printable(reason),
      ]),
    ),
  );
}

export async function removeBlock(target: string, options: CallerOptions): Promise<void> {
  refuseNobody(target);
  try {
    await callAs(options, 'DeleteBlock', { target });
  } catch (error) {
    if (!(error instanceof AwsError) || error.code !== 'ResourceNotFoundException') throw error;
    throw new CommandError(
      'failure',
      `\`${printable(target)}\` is not on the block list`,
      '`entryway block list` shows who is; the same principal may be blocked under another name',
    );
  }
  process.stdout.write(`${printable(target)} is not blocked any more\n`);
}

function refuseNobody(target: string): void {
  if (parseBlockTarget(target) !== undefined) return;
  throw new CommandError(
    'misuse',
    `\`${printable(target)}\` cannot be blocked`,
    'name the ARN of a user, role, root or session, an AIDA… or AROA… id, AROA…:SESSION or an access key id',
  );
}

function endOf({ until }: Block): string {
  return until === undefined ? 'until the block is removed' : `until ${second(until)}`;
}

function second(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}
