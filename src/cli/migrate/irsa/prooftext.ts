import type { IrsaProof, PairChange } from '../../../engine/analysis/migrateirsa/proof.ts';
import { counted } from '../../render/counted.ts';
import { printable } from '../../render/printable.ts';

/** Who gains or loses a role, and what sessions are told otherwise, whoever gains first. */
export function irsaProofText({ pairs, unchanged, decisions, unread, isSafe }: IrsaProof): string {
  const changed = new Set(
    pairs.map(({ namespace, serviceAccount, roleArn }) => `${namespace}/${serviceAccount} ${roleArn}`),
  ).size;
  const total = changed + unchanged;
  const all =
    total === 1
      ? 'the one pair of a service account and a role'
      : `${total} pairs of a service account and a role`;
  const head = isSafe
    ? `of ${all} none is gained and none is lost, and no policy tells the sessions apart.`
    : pairs.length + decisions.length > 0
      ? `ACCESS CHANGES: for ${changed} of ${counted(total, 'pair')} of a service account and a role, and ${counted(decisions.length, 'difference')} in what sessions may.`
      : 'none, since not all was read. Mend what stands here, and ask again.';
  return [
    `Proof: ${head}\n`,
    ...unread.map((reason) => `  ${printable(`NOT PROVEN of whom this tells nothing: ${reason}`)}\n`),
    ...pairs.toSorted((one, other) => (one.verdict < other.verdict ? -1 : 1)).map(pairText),
    ...decisions.map(
      ({ roleArn, verdict, message, serviceAccounts }) =>
        `  ${printable(`${roleArn} for ${serviceAccounts.join(', ')}: ${verdictWords[verdict]}`)}\n      ${printable(message)}\n`,
    ),
  ].join('');
}

const verdictWords = { gains: 'MAY MORE', loses: 'MAY LESS', mayDiffer: 'MAY DIFFER' } as const;
const stepWords = { prepared: 'once there are associations', finished: 'in the end' } as const;

function pairText({ namespace, serviceAccount, roleArn, step, verdict, before, after }: PairChange): string {
  const word = verdict === 'gains' ? 'GAINS' : 'LOSES';
  const perhaps = [before, after].includes('sometimes') ? ', perhaps' : '';
  return `  ${printable(`${namespace}/${serviceAccount}: ${word} ${roleArn} ${stepWords[step]}${perhaps}`)}\n`;
}
