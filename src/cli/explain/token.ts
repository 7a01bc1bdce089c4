import type { ExplainStep } from '../../engine/analysis/explain/explanation.ts';
import { AwsError } from '../../wire/protocols/errors.ts';
import type { OutputOptions, SourceOptions } from '../analysis/options.ts';
import { printAnswer } from '../analysis/print.ts';
import { CommandError, exitCodes } from '../failure.ts';
import { callAs, pagesAs } from '../ours.ts';
import { printable } from '../render/printable.ts';
import { decodeToken } from './decodedtoken.ts';
import { isServer } from './request.ts';
import { tokenOf } from './tokentext.ts';
import { renderSteps } from './walk.ts';

export type TokenOptions = SourceOptions & OutputOptions;

interface TokenAnswer {
  readonly clusterName: string;
  readonly outcome: 'authenticated' | 'refused' | 'unavailable';
  readonly steps: readonly ExplainStep[];
  /** Where several were asked and it is of none of them. */
  readonly clustersAsked?: number;
}

/** `entryway explain token`: exit code 1 where it is refused, 3 where nobody could say. */
export async function explainToken(argument: string, options: TokenOptions): Promise<void> {
  const token = tokenOf(argument);
  if (!isServer(options)) {
    const decoded = decodeToken(token, options.at ?? Date.now());
    const told = { verified: false, ...decoded, incomplete: [] };
    printAnswer(options, told, () => {
      const verdict = decoded.wellFormed
        ? 'not verified: a server must check the signature'
        : 'refused: no server takes this';
      return `${renderSteps(decoded.steps)}${verdict}\n`;
    });
    process.exitCode = decoded.wellFormed ? exitCodes.failure : exitCodes.denied;
    return;
  }
  const answer = await askServer(token, options);
  const verdicts = {
    authenticated: `let in: cluster \`${answer.clusterName}\` takes this token`,
    refused:
      answer.clustersAsked === undefined
        ? `refused: cluster \`${answer.clusterName}\` answers 401 Unauthorized to this token`
        : `refused: the token is for none of the ${answer.clustersAsked} clusters here`,
    unavailable: `undecided: cluster \`${answer.clusterName}\` cannot judge this token now`,
  } as const;
  const told = { verified: answer.outcome !== 'unavailable', ...answer, incomplete: [] };
  printAnswer(options, told, () => `${renderSteps(answer.steps)}${printable(verdicts[answer.outcome])}\n`);
  if (answer.outcome === 'refused') process.exitCode = exitCodes.denied;
  else if (answer.outcome === 'unavailable') process.exitCode = exitCodes.failure;
}

/** A server has at most so many clusters asked about one token. */
const mostClusters = 100;

/**
 * The named cluster's answer. A token does not tell the cluster it was made for, so without a name each is asked in turn: the
 * one whose name was signed is the one that does not find another name or signature in it.
 */
async function askServer(token: string, options: TokenOptions): Promise<TokenAnswer> {
  const ask = (clusterName: string): Promise<TokenAnswer> =>
    callAs(options, 'ExplainToken', { clusterName, token });
  const [named, ...more] = options.cluster ?? [];
  if (named !== undefined) {
    if (more.length > 0)
      throw new CommandError('misuse', 'a token is judged by one cluster', 'give one --cluster');
    const name = named.slice(named.lastIndexOf('/') + 1);
    try {
      return await ask(name);
    } catch (error) {
      if (!(error instanceof AwsError) || error.code !== 'ResourceNotFoundException') throw error;
      const hint = 'see which there are with `aws eks list-clusters --include all`, or leave out --cluster';
      throw new CommandError('misuse', `this server has no cluster \`${name}\``, hint, { cause: error });
    }
  }
  let first: TokenAnswer | undefined;
  let asked = 0;
  for await (const { clusters } of pagesAs<{
    readonly clusters: readonly string[];
    readonly nextToken?: string;
  }>(options, 'ListClusters', { include: ['all'] }, 'eks')) {
    for (const clusterName of clusters) {
      const answer = await ask(clusterName);
      if (!isOfAnother(answer)) return answer;
      // One that knows it to be made for another cluster tells more than one that finds a wrong signature.
      if (first === undefined || answer.steps.some(({ code }) => code === 'wrongCluster')) first = answer;
      if (++asked === mostClusters) break;
    }
    if (asked === mostClusters) break;
  }
  if (first === undefined) {
    throw new CommandError(
      'misuse',
      'this server has no cluster in this account and region',
      'make one with `aws eks create-cluster`',
    );
  }
  return asked === 1 ? first : { ...first, clustersAsked: asked };
}

/** Whether the signature was made for another name, as far as this cluster can tell. */
function isOfAnother({ steps }: TokenAnswer): boolean {
  return steps.some(({ code }) => code === 'wrongCluster' || code === 'badSignature');
}
