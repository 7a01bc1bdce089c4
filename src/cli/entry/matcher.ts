import { CommandError } from '../failure.ts';

export interface MatcherOptions {
  readonly permissionSet?: string;
  readonly pattern?: string;
}

/** The ARN that an entry of the matcher has; what is wrong with a pattern is for the server to say. */
export function matcherArnOf({ permissionSet, pattern }: MatcherOptions): string {
  if (pattern !== undefined) return pattern;
  const [, account, set] = /^(\d{12})\/([\w+=,.@-]{1,32})$/.exec(permissionSet ?? '') ?? [];
  if (account !== undefined && set !== undefined) {
    return `arn:aws:iam::${account}:role/AWSReservedSSO_${set}_*`;
  }
  throw permissionSet === undefined
    ? new CommandError(
        'misuse',
        'nothing says which roles are meant',
        'name --permission-set ACCOUNT/SET, or --pattern ARN',
      )
    : new CommandError(
        'misuse',
        `\`${permissionSet}\` is no permission set`,
        'write ACCOUNT/SET with the id of the account, as in 111122223333/ViewOnly',
      );
}
