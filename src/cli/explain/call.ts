import { actionsMatching, isKnownService, knownActions } from '../../engine/analysis/catalogue/catalogue.ts';
import { nearest } from '../../engine/analysis/policylint/patterns.ts';
import { CommandError } from '../failure.ts';

/** A call of an AWS operation as it was asked about. */
export interface AskedCall {
  readonly action: string;
  readonly resource: string;
  /** Condition keys; an empty list: the request does not have the key. */
  readonly context: Readonly<Record<string, string | readonly string[]>>;
}

/** Checks an action, an ARN (or `*`) and `KEY=VALUE`s; throws a misuse that says how each is written. */
export function parseCall(action: string, resource: string, keys: readonly string[] = []): AskedCall {
  refuseUnknownAction(action);
  if (resource !== '*' && !/^arn:(?:[^:]*:){4}./.test(resource)) {
    throw new CommandError(
      'misuse',
      `\`${resource}\` is no ARN`,
      'write the whole of it, as arn:aws:eks:REGION:ACCOUNT:cluster/NAME, or leave it out for *',
    );
  }
  return { action, resource, context: parseContext(keys) };
}

/** The same of `--as-aws ACTION [RESOURCE]`. */
export function parseAsAws(words: readonly string[], keys?: readonly string[]): AskedCall {
  const [action = '', resource = '*', ...more] = words;
  if (more.length > 0) {
    throw new CommandError(
      'misuse',
      `--as-aws takes an action and the ARN of a resource, and there is \`${more.join(' ')}\` behind them`,
      'write what the command is about before --as-aws',
    );
  }
  return parseCall(action, resource, keys);
}

/** Of services we know all actions of, one that is not there is a slip of the pen. */
function refuseUnknownAction(action: string): void {
  const [, service = '', name = ''] = /^([a-z0-9-]+):([A-Za-z0-9]+)$/i.exec(action) ?? [];
  if (name === '') {
    throw new CommandError('misuse', `\`${action}\` is no action`, 'write it as eks:DescribeCluster');
  }
  if (!isKnownService(service) || actionsMatching(action).length > 0) return;
  const near = nearest(
    action,
    knownActions.map((one) => one.name),
  );
  throw new CommandError(
    'misuse',
    `\`${action}\` is no action of \`${service}\``,
    near === undefined ? 'look it up in the service authorization reference' : `did you mean \`${near}\`?`,
  );
}

/** `KEY=VALUE`; a key given several times has several values, `KEY=` says that the request does not have it. */
function parseContext(pairs: readonly string[]): Readonly<Record<string, string | readonly string[]>> {
  const context = new Map<string, string[]>();
  for (const pair of pairs) {
    const [, key, value = ''] = /^([^=]+)=(.*)$/s.exec(pair) ?? [];
    if (key === undefined) {
      throw new CommandError('misuse', `\`${pair}\` is no KEY=VALUE`, 'write it as aws:SourceIp=10.0.0.1');
    }
    const values = context.get(key) ?? [];
    if (value !== '') values.push(value);
    context.set(key, values);
  }
  return Object.fromEntries(
    [...context].map(([key, values]) => [key, values.length === 1 ? (values[0] ?? '') : values]),
  );
}
