import { lowerAscii } from '../../arn/case.ts';
import { compileWildcard } from '../../arn/wildcard.ts';
import type { EntryList, PolicyDocument, Statement } from '../../iam/document.ts';
import { knownActions } from '../catalogue/catalogue.ts';
import type { WorldPolicy } from '../iamworld/policies.ts';
import { createStandings } from '../iamworld/standing.ts';
import { withoutVariables } from '../policylint/patterns.ts';
import type { TalliedUse } from '../usage/tally.ts';
import type { IamSubject } from '../world/subject.ts';
import type { World } from '../world/world.ts';

/** A call somebody made. */
export interface UsedAction {
  readonly action: string;
  /** ARNs it was about; the first few, none where no record named one. */
  readonly resources: readonly string[];
  readonly count: number;
  /** Epoch milliseconds. */
  readonly firstAt: number;
  readonly lastAt: number;
}

/** What somebody needed of IAM: a part of what its identity policies allow. */
export interface IamNeeds {
  readonly used: readonly UsedAction[];
  /** A policy document in place of all its identity policies; absent where they are not known or nothing is needed. */
  readonly policy?: ProposedPolicy;
  /** Allowed then, and by no statement of its own now: by a trust policy, by root, or since taken away. */
  readonly notByItsPolicies: readonly UsedAction[];
  readonly refused: readonly UsedAction[];
  /** Actions of the catalogue that its policies allow somewhere and that were not used. */
  readonly neverUsed: readonly string[];
  /** Patterns of its statements about services the catalogue does not have: whether they are used is not known. */
  readonly notJudged: readonly string[];
  /** Why there is no policy, or what of its policies was not read. */
  readonly notes: readonly string[];
}

export interface ProposedPolicy {
  readonly Version: '2012-10-17';
  readonly Statement: readonly ProposedStatement[];
}

type Version = PolicyDocument['version'];
type Conditions = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

export interface ProposedStatement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action?: readonly string[];
  readonly NotAction?: readonly string[];
  readonly Resource?: readonly string[];
  readonly NotResource?: readonly string[];
  readonly Condition?: Conditions;
}

/** Need no permission at all (iam-facts E13). */
const free = new Set(['sts:getcalleridentity', 'sts:getsessiontoken']);
const resourcesTold = 20;

/**
 * The fewest permissions of IAM under which all that was allowed would have been allowed.
 *
 * INVARIANT: each statement is a part of one that the principal has, with its conditions; Denies stay as they are. So whatever
 * the policy allows, the policies it stands for allow.
 */
export function iamNeeds(
  world: World,
  subject: IamSubject,
  uses: readonly TalliedUse[],
  { isRecorded }: { readonly isRecorded: boolean },
): IamNeeds {
  const aws = uses.filter(({ did }) => did.kind === 'aws');
  const allowed = aws.filter((use) => use.allowed && !free.has(lowerAscii(actionOf(use))));
  const refused = summed(aws.filter((use) => !use.allowed));
  const nothing = { notByItsPolicies: [], neverUsed: [], notJudged: [], refused, used: summed(allowed) };
  if (subject.type === 'root') {
    return {
      ...nothing,
      notes: ['no policy limits the root of an account, so that none is proposed: give its work to a role'],
    };
  }
  if (subject.standing !== 'exists' || (subject.type !== 'user' && subject.type !== 'role')) {
    const note = `the policies of \`${subject.arn}\` are not known, so that none is proposed`;
    return { ...nothing, notes: [note] };
  }
  const { identity } = createStandings(world.principals, undefined).of(subject);
  const documents = identity.flatMap(({ document }) => document ?? []);
  const grants = documents.flatMap((document) =>
    document.statements
      .filter(({ effect }) => effect === 'Allow')
      .map((statement) => grantOf(statement, document)),
  );
  const parts = new Map<string, Part>();
  const elsewhere: TalliedUse[] = [];
  const used: TalliedUse[] = [];
  for (const use of allowed) {
    const { did } = use;
    if (did.kind !== 'aws') continue;
    const resources = did.resources.length === 0 ? [undefined] : did.resources;
    const found = resources.map((resource) => partsFor(grants, did.action, resource));
    (found.every((some) => some.length > 0) ? used : elsewhere).push(use);
    for (const part of found.flat()) parts.set(JSON.stringify(part), part);
  }
  const statements = [...statementsOf([...parts.values()]), ...documents.flatMap(denialsOf)];
  const usedActions = new Set(allowed.map((use) => lowerAscii(actionOf(use))));
  const patterns = grants.flatMap(({ statement }) =>
    statement.action.negated ? [] : statement.action.entries.map(({ value }) => value),
  );
  const policy = parts.size > 0 ? ({ Version: '2012-10-17', Statement: statements } as const) : undefined;
  return {
    used: summed(used),
    ...(policy !== undefined && { policy }),
    notByItsPolicies: summed(elsewhere),
    refused,
    neverUsed: (isRecorded ? knownActions : [])
      .filter(
        ({ lowerName }) => !usedActions.has(lowerName) && grants.some(({ allows }) => allows(lowerName)),
      )
      .map(({ name }) => name)
      .filter((name) => !free.has(lowerAscii(name))),
    notJudged: [...new Set(patterns)].filter(
      (pattern) => !knownActions.some((known) => compileWildcard(lowerAscii(pattern))(known.lowerName)),
    ),
    notes: [...notKept(identity), ...(policy === undefined ? [] : limitsOf(policy, world, subject))],
  };
}

/** SECURITY: a policy that is not known may deny something, and whoever takes it away gives that. */
function notKept(identity: readonly WorldPolicy[]): readonly string[] {
  const unknown = identity.filter(({ document }) => document === undefined);
  return unknown.map(({ notRead }) => {
    const what =
      notRead?.kind === 'policyNotRead'
        ? `policy \`${notRead.name}\` was not read`
        : 'a policy of it cannot be understood';
    return `${what}, and nothing of it is in the proposal: leave it where it is, for it may deny something`;
  });
}

/** Characters without spaces that a managed policy has at most; inline ones hold less for a user, more for a role. */
const longestManaged = 6_144;

function limitsOf(policy: ProposedPolicy, { principals }: World, { arn }: IamSubject): readonly string[] {
  const { length } = JSON.stringify(policy);
  const known = principals.named(arn);
  const groups = known?.kind === 'user' ? known.record.groupNames : [];
  return [
    ...(groups.length === 0
      ? []
      : [
          `the policy has what its groups give as well: take it out of ${groups.map((name) => `\`${name}\``).join(', ')}`,
        ]),
    ...(length > longestManaged
      ? [
          `the policy has ${length} characters, and a managed policy at most ${longestManaged}: spread its statements over several`,
        ]
      : []),
  ];
}

/** An Allow statement, ready to be asked. */
interface Allowing {
  readonly statement: Statement;
  readonly version: Version;
  readonly allows: (lowerAction: string) => boolean;
  /** Whether its resources hold the ARN for certain; those with variables hold what they hold. */
  readonly holds: (arn: string) => boolean;
  readonly mayHold: (arn: string) => boolean;
  readonly conditions: Conditions | undefined;
}

function grantOf(statement: Statement, document: PolicyDocument): Allowing {
  const { action, resource } = statement;
  const actions = action.entries.map(({ value }) => compileWildcard(lowerAscii(value)));
  const written = resource?.entries.map(({ value }) => value) ?? ['*'];
  // Only the later version has variables (iam-facts A4).
  const isOpen = (text: string): boolean => document.version === '2012-10-17' && text.includes('${');
  const closed = written.filter((text) => !isOpen(text)).map((text) => compileWildcard(text));
  const all = written.map((text) => compileWildcard(isOpen(text) ? withoutVariables(text) : text));
  const isNegated = resource?.negated === true;
  const certain = (arn: string): boolean => closed.some((matches) => matches(arn));
  const perhaps = (arn: string): boolean => all.some((matches) => matches(arn));
  return {
    statement,
    version: document.version,
    allows: (lowerAction) => actions.some((matches) => matches(lowerAction)) !== action.negated,
    holds: (arn) => (isNegated ? !perhaps(arn) : certain(arn)),
    mayHold: (arn) => (isNegated ? !certain(arn) : perhaps(arn)),
    conditions: conditionsOf(statement, document.version),
  };
}

/** One action on resources, with the conditions it comes with. */
interface Part {
  readonly action: string;
  readonly resource: { readonly negated: boolean; readonly values: readonly string[] };
  readonly conditions: Conditions | undefined;
}

/** The parts of statements that allow the call: one without conditions, or every one with some. */
function partsFor(grants: readonly Allowing[], action: string, arn: string | undefined): readonly Part[] {
  const lower = lowerAscii(action);
  const fitting = grants.filter(
    ({ allows, mayHold }) => allows(lower) && (arn === undefined || mayHold(arn)),
  );
  const parts = fitting.map(({ statement, version, holds, conditions }): Part => {
    // An ARN can be written only where it cannot be read as a pattern, and where the statement surely holds it.
    const isPlain = arn !== undefined && !/[*?$]/.test(arn) && holds(arn);
    const resource = isPlain ? { negated: false, values: [arn] } : listOf(statement.resource, version);
    return { action, resource, conditions };
  });
  // Which of several counted is not known, unless one is enough for certain.
  const enough = parts.find(
    ({ resource, conditions }) => conditions === undefined && arn !== undefined && resource.values[0] === arn,
  );
  return enough === undefined ? parts : [enough];
}

function listOf(list: EntryList | undefined, version: Version): Part['resource'] {
  const values = list === undefined ? ['*'] : textsOf(list, version);
  return { negated: list?.negated === true, values };
}

function textsOf({ entries }: EntryList, version: Version): readonly string[] {
  return entries.map(({ value }) => inLaterVersion(value, version));
}

/**
 * SECURITY: what is proposed is of the later version, in which `${…}` is a variable; in the earlier one it is text (iam-facts
 * A4), and as a variable it might hold more.
 */
function inLaterVersion(text: string, version: Version): string {
  return version === '2008-10-17' ? text.replaceAll('${', '${$}{') : text;
}

/** Actions of equal resources and conditions share a statement. */
function statementsOf(parts: readonly Part[]): readonly ProposedStatement[] {
  const byAction = new Map<string, { readonly part: Part; readonly values: Set<string> }>();
  for (const part of parts) {
    const { negated, values } = part.resource;
    const key = JSON.stringify([part.action, part.conditions ?? null, negated ? values : negated]);
    const known = byAction.get(key) ?? { part, values: new Set<string>() };
    for (const value of values) known.values.add(value);
    byAction.set(key, known);
  }
  const statements = new Map<string, { readonly rest: ProposedStatement; readonly actions: string[] }>();
  for (const { part, values } of byAction.values()) {
    const { resource, conditions } = part;
    const list = values.has('*') && !resource.negated ? ['*'] : [...values].sort();
    const rest: ProposedStatement = {
      Effect: 'Allow',
      ...(resource.negated ? { NotResource: list } : { Resource: list }),
      ...(conditions !== undefined && { Condition: conditions }),
    };
    const key = JSON.stringify(rest);
    const known = statements.get(key) ?? { rest, actions: [] };
    known.actions.push(part.action);
    statements.set(key, known);
  }
  return [...statements.values()]
    .map(({ rest, actions }): ProposedStatement => {
      const { Effect, ...others } = rest;
      return { Effect, Action: [...actions].sort(), ...others };
    })
    .sort((one, other) => ((one.Action?.[0] ?? '') < (other.Action?.[0] ?? '') ? -1 : 1));
}

function denialsOf({ statements, version }: PolicyDocument): readonly ProposedStatement[] {
  return statements
    .filter(({ effect }) => effect === 'Deny')
    .map((statement): ProposedStatement => {
      const { action, resource } = statement;
      const conditions = conditionsOf(statement, version);
      const texts = (list: EntryList): readonly string[] => textsOf(list, version);
      return {
        Effect: 'Deny',
        ...(action.negated ? { NotAction: texts(action) } : { Action: texts(action) }),
        ...(resource !== undefined &&
          (resource.negated ? { NotResource: texts(resource) } : { Resource: texts(resource) })),
        ...(conditions !== undefined && { Condition: conditions }),
      };
    });
}

function conditionsOf({ conditions }: Statement, version: Version): Conditions | undefined {
  if (conditions.length === 0) return undefined;
  const block: Record<string, Record<string, readonly string[]>> = {};
  for (const { operator, key, values } of conditions) {
    block[operator] = { ...block[operator], [key]: values.map((value) => inLaterVersion(value, version)) };
  }
  return block;
}

const actionOf = ({ did }: TalliedUse): string => (did.kind === 'aws' ? did.action : '');

function summed(uses: readonly TalliedUse[]): readonly UsedAction[] {
  const found = new Map<string, UsedAction>();
  for (const { did, count, firstAt, lastAt } of uses) {
    if (did.kind !== 'aws') continue;
    const known = found.get(did.action) ?? { action: did.action, resources: [], count: 0, firstAt, lastAt };
    found.set(did.action, {
      action: did.action,
      resources: [...new Set([...known.resources, ...did.resources])].slice(0, resourcesTold),
      count: known.count + count,
      firstAt: Math.min(known.firstAt, firstAt),
      lastAt: Math.max(known.lastAt, lastAt),
    });
  }
  return [...found.values()].sort((one, other) => (one.action < other.action ? -1 : 1));
}
