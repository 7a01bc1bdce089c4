import { isDeepStrictEqual } from 'node:util';
import type { PlannedAssociation, PlannedRole } from '../../../engine/analysis/migrateirsa/plan.ts';
import { CommandError } from '../../failure.ts';
import { counted } from '../../render/counted.ts';
import type { Say } from '../carryout.ts';
import type { IrsaState } from './state.ts';
import type { FoundAssociation, IrsaTarget } from './target.ts';

/**
 * Makes associations and what roles need for them, beside everything that is there, looking before each step whether it has
 * been done: it may be interrupted anywhere and run again. Throws where something else is in the place of what it would make.
 */
export async function prepare({ plan }: IrsaState, target: IrsaTarget, say: Say): Promise<void> {
  for (const role of plan.roles) {
    if ((await knownStanding(role, target)) !== 'before') continue;
    await writeTrust(role, 'prepared', target);
    say(`the trust policy of ${role.roleName} lets Pod Identity have it for these service accounts`);
  }
  for (const association of plan.associations) await makeAssociation(association, target, say);
  say(`${counted(plan.associations.length, 'association')} as planned`);
}

/**
 * Takes annotations away, then the statements for tokens: Pods that are made in between have what associations give. Only where
 * every association is as planned.
 */
export async function finish(state: IrsaState, target: IrsaTarget, say: Say): Promise<void> {
  const { associations, roles } = state.plan;
  for (const association of associations) {
    const found = await target.association(association);
    if (found === undefined || !isPlanned(found, association)) throw notAsPlanned(association);
  }
  for (const role of roles) await knownStanding(role, target);
  for (const association of associations) {
    const { namespace, serviceAccount, roleArn } = association;
    const annotated = await target.annotation(association);
    if (annotated === undefined) continue;
    if (annotated !== roleArn) throw changedAnnotation(association);
    await target.removeAnnotation(association, roleArn);
    say(`took the annotation of ${namespace}/${serviceAccount} away`);
  }
  for (const role of roles) {
    const standing = await knownStanding(role, target);
    if (standing === 'finished' || role.finished === role.prepared) continue;
    await writeTrust(role, 'finished', target);
    say(`the trust policy of ${role.roleName} lets in no tokens of them any more`);
  }
}

/**
 * Leads back to what the file says was there: tokens and annotations first, then the associations go, the last made first, and
 * what roles needed for them. May be interrupted and run again. Answers what it left alone because somebody has changed it since.
 *
 * SECURITY: a service account with neither is one whose role somebody took away: no step of ours, forth or back, leaves it so.
 */
export async function leadBack(
  { plan }: IrsaState,
  target: IrsaTarget,
  say: Say,
): Promise<readonly string[]> {
  const left: string[] = [];
  const back = async (role: PlannedRole, to: 'before' | 'prepared'): Promise<void> => {
    await writeTrust(role, to, target);
    say(
      to === 'prepared'
        ? `the trust policy of ${role.roleName} lets in tokens again`
        : `the trust policy of ${role.roleName} is as it was`,
    );
  };
  const unknown = new Set<string>();
  for (const role of plan.roles) {
    const standing = await trustStanding(role, target);
    if (standing === 'finished' && role.finished !== role.prepared) await back(role, 'prepared');
    if (standing === 'gone') left.push(`role ${role.roleName} does not exist any more`);
    if (standing !== 'other') continue;
    unknown.add(role.roleArn);
    left.push(`the trust policy of ${role.roleName} was changed since and stays`);
  }
  const otherwise = new Set<PlannedAssociation>();
  /** Roles that associations which stay give. */
  const needed = new Set<string>();
  for (const association of plan.associations) {
    const { namespace, serviceAccount, roleArn } = association;
    const who = `${namespace}/${serviceAccount}`;
    const annotated = await target.annotation(association);
    if (annotated === roleArn) continue;
    if (annotated !== undefined) {
      otherwise.add(association);
      needed.add(roleArn);
      left.push(`the annotation of ${who} was changed since and stays, and its association with it`);
    } else if ((await target.association(association)) === undefined) {
      left.push(`somebody took the association of ${who} away: it gets no annotation`);
    } else if (await target.annotate(association, roleArn)) say(`annotated ${who} as it was`);
    else left.push(`service account ${who} does not exist any more`);
  }
  for (const association of plan.associations.toReversed()) {
    const { namespace, serviceAccount, roleArn, isThere } = association;
    if (isThere || otherwise.has(association)) continue;
    const found = await target.association(association);
    if (found === undefined) continue;
    // Whether tokens would be let in again nobody has seen there.
    if (unknown.has(roleArn))
      left.push(`the association of ${namespace}/${serviceAccount} stays with its role`);
    else if (isPlanned(found, association)) {
      await target.disassociate(found.associationId);
      say(`deleted the association of ${namespace}/${serviceAccount}`);
    } else {
      needed.add(found.roleArn);
      left.push(`the association of ${namespace}/${serviceAccount} was changed since and stays`);
    }
  }
  for (const role of plan.roles) {
    if (unknown.has(role.roleArn) || role.before === role.prepared) continue;
    if ((await trustStanding(role, target)) !== 'prepared') continue;
    if (needed.has(role.roleArn))
      left.push(`the trust policy of ${role.roleName} keeps what associations need`);
    else await back(role, 'before');
  }
  return left;
}

const trustSteps = ['prepared', 'finished', 'before'] as const;
type TrustStep = (typeof trustSteps)[number];

/** Throws where the trust policy is none of the planned ones. */
async function knownStanding(role: PlannedRole, target: IrsaTarget): Promise<TrustStep> {
  const standing = await trustStanding(role, target);
  if (standing === 'other') throw changedTrust(role);
  if (standing !== 'gone') return standing;
  throw new CommandError(
    'failure',
    `role \`${role.roleArn}\` does not exist any more`,
    'make a new plan with another --rollback-file',
  );
}

/** The first that fits: what is the same as before needs no writing. */
async function trustStanding(role: PlannedRole, target: IrsaTarget): Promise<TrustStep | 'other' | 'gone'> {
  const text = await target.trust(role.roleName);
  if (text === undefined) return 'gone';
  const now: unknown = JSON.parse(text);
  return trustSteps.find((step) => isDeepStrictEqual(listed(now), listed(JSON.parse(role[step])))) ?? 'other';
}

/** A lone statement is a list of one. */
function listed(document: unknown): unknown {
  if (typeof document !== 'object' || document === null || !('Statement' in document)) return document;
  const { Statement } = document;
  return { ...document, Statement: Array.isArray(Statement) ? Statement : [Statement] };
}

async function writeTrust(role: PlannedRole, step: TrustStep, target: IrsaTarget): Promise<void> {
  await target.writeTrust(role.roleName, role[step]);
  // What the service says in the end, not what it was sent, is what counts.
  const text = (await target.trust(role.roleName)) ?? 'null';
  if (!isDeepStrictEqual(listed(JSON.parse(text)), listed(JSON.parse(role[step])))) throw changedTrust(role);
}

async function makeAssociation(association: PlannedAssociation, target: IrsaTarget, say: Say): Promise<void> {
  const { namespace, serviceAccount, roleArn, isThere } = association;
  let found = await target.association(association);
  if (found === undefined) {
    // SECURITY: whoever took the annotation away meanwhile meant that the Pods have the role no more.
    if (isThere || (await target.annotation(association)) !== roleArn) throw changedAnnotation(association);
    await target.associate(association);
    say(`associated ${roleArn} with ${namespace}/${serviceAccount}`);
    found = await target.association(association);
  }
  if (found === undefined || !isPlanned(found, association)) throw notAsPlanned(association);
}

function isPlanned(
  { roleArn, targetRoleArn, disableSessionTags, policy }: FoundAssociation,
  planned: PlannedAssociation,
): boolean {
  if (planned.isThere) return (targetRoleArn ?? roleArn) === planned.roleArn;
  return (
    roleArn === planned.roleArn && targetRoleArn === undefined && !disableSessionTags && policy === undefined
  );
}

function changedTrust({ roleArn }: PlannedRole): CommandError {
  return new CommandError(
    'failure',
    `the trust policy of \`${roleArn}\` was changed since the plan was made, so the rest is not made`,
    'look what was changed; then make a new plan with another --rollback-file',
  );
}

function changedAnnotation({ namespace, serviceAccount }: PlannedAssociation): CommandError {
  return new CommandError(
    'failure',
    `the annotation of \`${namespace}/${serviceAccount}\`, or its association, was changed since the plan was made`,
    'look which role is meant; then make a new plan with another --rollback-file',
  );
}

function notAsPlanned({ namespace, serviceAccount }: PlannedAssociation): CommandError {
  return new CommandError(
    'failure',
    `the association of \`${namespace}/${serviceAccount}\` is not as planned`,
    'somebody else has made or changed it: delete it, or make a new plan with another --rollback-file',
  );
}
