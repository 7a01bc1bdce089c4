import {
  type AccessDiff,
  diffAccess,
  type Identity,
  type PlacedRules,
  type SubjectChange,
} from '../../engine/analysis/diff/diff.ts';
import type { GrantChange } from '../../engine/analysis/diff/grantchanges.ts';
import type { WorkloadChange, WorkloadRoleTold } from '../../engine/analysis/diff/workloadchanges.ts';
import type { RuleOrigin } from '../../engine/analysis/whatcan/permissions.ts';
import { createWorld } from '../../engine/analysis/world/world.ts';
import type { OutputOptions } from '../analysis/options.ts';
import { printAnswer } from '../analysis/print.ts';
import type { ConnectionOptions } from '../connection.ts';
import { exitCodes } from '../failure.ts';
import { counted } from '../render/counted.ts';
import { printable } from '../render/printable.ts';
import { ruleText } from '../render/rules.ts';
import { readSides } from './sides.ts';

export interface DiffOptions extends ConnectionOptions, OutputOptions {
  readonly cluster?: readonly string[];
  readonly only: 'all' | 'gained' | 'lost';
  /** Whether an answer that may lack something counts as one with changes. */
  readonly strict?: true;
  /** All rules, however many. */
  readonly rules?: true;
  /** Epoch milliseconds. */
  readonly at?: number;
}

/** Prints whose access changes; exit code 1 where some does. */
export async function diff(
  names: { readonly before: string; readonly after: string | undefined },
  options: DiffOptions,
): Promise<void> {
  const sides = await readSides(names, options);
  const at = { now: options.at ?? Date.now() };
  const found = diffAccess(createWorld(sides.before, at), createWorld(sides.after, at));
  const changes = found.changes.filter((change) => counts(change, options.only));
  const workloads = found.workloads.filter((change) => counts(change, options.only));
  const shown: AccessDiff = { ...found, changes, workloads };
  printAnswer(options, shown, () => asText(shown, options));
  const isOpen = options.strict === true && found.incomplete.length > 0;
  if (changes.length > 0 || workloads.length > 0 || isOpen) process.exitCode = exitCodes.denied;
}

/** A new name without new rights counts as no gain and no loss. */
function counts({ gained, lost }: SubjectChange | WorkloadChange, only: DiffOptions['only']): boolean {
  switch (only) {
    case 'all':
      return true;
    case 'gained':
      return gained.length > 0;
    case 'lost':
      return lost.length > 0;
    default:
      return only satisfies never;
  }
}

function asText({ changes, workloads, clusters }: AccessDiff, { only, rules }: DiffOptions): string {
  const most = rules === true ? Number.POSITIVE_INFINITY : shortest;
  const lines: string[] = [];
  for (const one of clusters) {
    lines.push(`cluster ${printable(one.name)} is ${one.in === 'after' ? 'new' : 'gone'}`);
  }
  let cluster: string | undefined;
  const inCluster = ({ arn, name }: SubjectChange['cluster']): void => {
    if (arn === cluster) return;
    if (cluster !== undefined) lines.push('');
    cluster = arn;
    lines.push(`cluster ${printable(name)}`);
  };
  for (const change of changes) {
    inCluster(change.cluster);
    lines.push('', `  ${printable(change.key.replace(/^iam:/, ''))}`, ...identityLines(change));
    lines.push(...change.grants.map(grantLine));
    if (only !== 'lost') lines.push(...ruleLines('gains', change.gained, most));
    if (only !== 'gained') lines.push(...ruleLines('loses', change.lost, most));
  }
  for (const change of workloads) {
    inCluster(change.cluster);
    const { namespace, name } = change.account;
    lines.push('', `  pods of ServiceAccount ${printable(`${namespace}/${name}`)}`);
    if (only !== 'lost') lines.push(...change.gained.map((role) => roleLine('gain', role)));
    if (only !== 'gained') lines.push(...change.lost.map((role) => roleLine('lose', role)));
  }
  const gain = changes.filter(({ gained }) => gained.length > 0).length;
  const lose = changes.filter(({ lost }) => lost.length > 0).length;
  const subjects = `access changes of ${counted(changes.length, 'subject')}: ${gain} gain, ${lose} lose`;
  const pods = `pods of ${counted(workloads.length, 'service account')} get other roles`;
  const told = [...(changes.length > 0 ? [subjects] : []), ...(workloads.length > 0 ? [pods] : [])];
  const summary = told.length === 0 ? 'no access changes' : told.join('; ');
  return `${[...lines, ...(lines.length > 0 ? [''] : []), summary].join('\n')}\n`;
}

function roleLine(
  verb: 'gain' | 'lose',
  { roleArn, mechanism, certainty, isDelivered, policy }: WorkloadRoleTold,
): string {
  const how =
    mechanism === 'podIdentity'
      ? 'by Pod Identity'
      : isDelivered
        ? 'for their token'
        : 'for a token they ask for themselves';
  const narrowed = policy === undefined ? '' : ', narrowed by a session policy';
  return `    ${verb}${certainty === 'always' ? '' : ' perhaps'} role ${printable(roleArn)} ${how}${narrowed}`;
}

function identityLines({ identity }: SubjectChange): readonly string[] {
  if (identity === undefined) return [];
  return [`    is ${identityText(identity.before)} → ${identityText(identity.after)}`];
}

function identityText(identity: Identity): string {
  const { users } = identity;
  const [first, ...others] = users;
  if (first === undefined) return 'nobody';
  const groups = first.groups.length === 0 ? '' : ` (${first.groups.join(', ')})`;
  const more = others.length === 0 ? '' : ` or ${others.length} more by session name`;
  return printable(`${first.username}${groups}${more}`);
}

const signs = { added: '+', removed: '-', changed: '~' } as const;

function grantLine({ change, origin }: GrantChange): string {
  return `    ${signs[change]} ${printable(originText(origin))}`;
}

function originText(origin: RuleOrigin): string {
  switch (origin.by) {
    case 'systemMasters':
      return 'member of system:masters';
    case 'accessPolicy': {
      const { type, namespaces } = origin.accessScope;
      const name = origin.policyArn.slice(origin.policyArn.lastIndexOf('/') + 1);
      return `${name} on ${type === 'cluster' ? 'the cluster' : namespaces.join(', ')}`;
    }
    case 'rbac': {
      const { binding, role } = origin;
      const place = binding.namespace === '' ? '' : `${binding.namespace}/`;
      return `${binding.kind} ${place}${binding.name} of ${role.kind} ${role.name}`;
    }
    default:
      return origin satisfies never;
  }
}

/** Rules shown of a subject until all are asked for: a policy of AWS has more than a screen holds. */
const shortest = 6;

function ruleLines(verb: 'gains' | 'loses', placed: readonly PlacedRules[], most: number): readonly string[] {
  const lines = placed.flatMap(({ where, rules }) => {
    const place =
      'namespaces' in where
        ? ` in ${where.namespaces.join(', ')}`
        : where.but.length > 0
          ? ` everywhere but in ${where.but.join(', ')}`
          : ' everywhere';
    return rules.map(({ rule, except }) => {
      const exceptions = except.length === 0 ? '' : `, but not ${except.map(ruleText).join('; ')}`;
      return `    ${verb} ${ruleText(rule)}${printable(place)}${exceptions}`;
    });
  });
  const left = lines.length - most;
  return left <= 0
    ? lines
    : [...lines.slice(0, most), `    ${verb} ${counted(left, 'more rule')}: --rules shows all`];
}
