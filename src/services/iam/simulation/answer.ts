import type { EvaluationResult, ResourceSpecificResult, Statement } from '@aws-sdk/client-iam';
import { actionsMatching } from '../../../engine/analysis/catalogue/catalogue.ts';
import { lowerAscii } from '../../../engine/arn/case.ts';
import { uniqueKeys } from '../../../engine/iam/keys.ts';
import type { Outcome, Verdict } from './scenario.ts';
import type { Sources } from './sources.ts';

/**
 * One result per action: what holds for all resources together, then each of them (SDK documentation of
 * EvaluationResult). For `*` alone the result is all there is.
 */
export function evaluationResult(
  action: string,
  outcomes: readonly Outcome[],
  sources: Sources,
): EvaluationResult {
  const verdict = mostRestrictive(outcomes.map((outcome) => outcome.verdict));
  const deciding = outcomes.filter((outcome) => outcome.verdict === verdict);
  const statements = [...new Set(deciding.flatMap((outcome) => outcome.statements))];
  const all = outcomes.every(({ resource }) => resource === '*');
  const byOrganization = outcomes.map(({ allowedByOrganization }) => allowedByOrganization);
  const details = decisionDetails(outcomes);
  return {
    EvalActionName: action,
    EvalResourceName: resourceForm(action),
    EvalDecision: verdict,
    MatchedStatements: outputStatements(statements, sources),
    MissingContextValues: [...uniqueKeys(outcomes.flatMap(({ missing }) => missing))],
    ...(byOrganization.every((allowed) => allowed !== undefined) && {
      OrganizationsDecisionDetail: { AllowedByOrganizations: byOrganization.every(Boolean) },
    }),
    ...boundaryDetail(outcomes),
    ...(!all && { EvalDecisionDetails: details }),
    ...(!all && { ResourceSpecificResults: outcomes.map((outcome) => resourceResult(outcome, sources)) }),
  };
}

function resourceResult(outcome: Outcome, sources: Sources): ResourceSpecificResult {
  return {
    EvalResourceName: outcome.resource,
    EvalResourceDecision: outcome.verdict,
    MatchedStatements: outputStatements(outcome.statements, sources),
    MissingContextValues: [...outcome.missing],
    ...(outcome.sides && { EvalDecisionDetails: decisionDetails([outcome]) }),
    ...boundaryDetail([outcome]),
  };
}

function boundaryDetail(
  outcomes: readonly Outcome[],
): Pick<EvaluationResult, 'PermissionsBoundaryDecisionDetail'> {
  if (!outcomes.every(({ allowedByBoundary }) => allowedByBoundary !== undefined)) return {};
  const AllowedByPermissionsBoundary = outcomes.every(({ allowedByBoundary }) => allowedByBoundary === true);
  return { PermissionsBoundaryDecisionDetail: { AllowedByPermissionsBoundary } };
}

/** Empty inside one account. COMPAT: which names AWS gives the two sides is not documented. */
function decisionDetails(outcomes: readonly Outcome[]): Record<string, Verdict> {
  const sides = outcomes.map((outcome) => outcome.sides).filter((side) => side !== undefined);
  if (sides.length === 0) return {};
  return {
    'IAM Policy': mostRestrictive(sides.map(({ identity }) => identity)),
    'Resource Policy': mostRestrictive(sides.map(({ resource }) => resource)),
  };
}

function mostRestrictive(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes('explicitDeny')) return 'explicitDeny';
  return verdicts.length > 0 && verdicts.every((verdict) => verdict === 'allowed')
    ? 'allowed'
    : 'implicitDeny';
}

function outputStatements(statements: Outcome['statements'], sources: Sources): Statement[] {
  return statements.map((statement) => sources.statement(statement));
}

/** The form of the ARNs the action is about, or `*`. */
function resourceForm(action: string): string {
  const [known] = actionsMatching(lowerAscii(action));
  const form = known?.resourceTypes[0]?.form;
  return form === undefined ? '*' : form.replace(/<([^<>]*)>/g, '$${$1}');
}
