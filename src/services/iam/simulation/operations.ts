import { createHash } from 'node:crypto';
import type {
  GetContextKeysForCustomPolicyRequest,
  GetContextKeysForPolicyResponse,
  GetContextKeysForPrincipalPolicyRequest,
  SimulateCustomPolicyRequest,
  SimulatePolicyResponse,
  SimulatePrincipalPolicyRequest,
} from '@aws-sdk/client-iam';
import { defineOperation, type OperationContext, type Operations } from '../../operation.ts';
import { refuseInvalid, validateMember } from '../../validation.ts';
import type { IamDependencies } from '../dependencies.ts';
import { isServiceLinkedPath } from '../entities.ts';
import { arnTarget, requireByArn } from '../entityarn.ts';
import { invalidInput } from '../errors.ts';
import { pageOf } from '../paging.ts';
import { carriedBoundary, carriedPolicies } from '../policies/carried.ts';
import { evaluationResult } from './answer.ts';
import { anybodyOf, callerOfArn } from './caller.ts';
import { contextOf } from './contextentries.ts';
import { exclusionsOf } from './exclusions.ts';
import {
  anyArn,
  documentFailures,
  inputFailures,
  maxDocuments,
  ownerOf,
  requireClearActions,
  type SimulationInput,
  sizeOf,
} from './input.ts';
import { type Scenario, simulate } from './scenario.ts';
import { createSources, keysOfDocuments, type Sources } from './sources.ts';

/** What an answer tells of one action on one resource, whatever the policies are, in characters compared. */
const workPerOutcome = 1000;

/**
 * SECURITY: characters compared for one answer, some tenths of a second in which nobody else is served. A page ends before
 * it is used up; a single action that needs more on its own is refused.
 */
const workPerAnswer = 20_000_000;

/** The policy simulator (iam-facts J23 to J25): the engine that judges requests, asked what it would say. */
export function createSimulationOperations(dependencies: IamDependencies): Operations {
  const { pageTokens, partition } = dependencies;

  /** One page of results: one per action, no more than the bound on work allows. */
  const answer = (
    operation: string,
    input: SimulationInput,
    scenario: Scenario,
    sources: Sources,
    { caller: { accountId } }: OperationContext,
  ): SimulatePolicyResponse => {
    const resources = input.ResourceArns?.length ? input.ResourceArns : ['*'];
    const work = resources.length * (workPerOutcome + sources.cost(sizeOf(input)));
    if (work > workPerAnswer) throw invalidInput('too many resources for policies as long as these');
    const most = Math.max(1, Math.floor(workPerAnswer / work));
    const actions = (input.ActionNames ?? []).map((action, index) => ({ action, index }));
    const { items, ...page } = pageOf(
      actions,
      ({ index }) => String(index).padStart(4, '0'),
      { ...input, MaxItems: Math.min(input.MaxItems ?? 100, most) },
      { pageTokens, scope: `iam:${operation} ${accountId} ${digest(input)}` },
    );
    const EvaluationResults = items.map(({ action }) =>
      evaluationResult(
        action,
        resources.map((resource) => simulate(scenario, action, resource)),
        sources,
      ),
    );
    return { EvaluationResults, ...page };
  };

  const SimulateCustomPolicy = defineOperation<SimulateCustomPolicyRequest, SimulatePolicyResponse>({
    authorization: () => ({ action: 'iam:SimulateCustomPolicy', resources: ['*'] }),
    async handle(input, context) {
      refuseInvalid([
        ...validateMember('policyInputList', input.PolicyInputList, { required: true, max: maxDocuments }),
        ...inputFailures(input),
      ]);
      requireClearActions(input.ActionNames);
      const { caller } = context;
      const sources = createSources();
      if (input.ResourcePolicy !== undefined && input.CallerArn === undefined) {
        throw invalidInput('a simulation with a ResourcePolicy needs a CallerArn');
      }
      const levels = input.OrderedOrganizationPolicyInputList ?? [];
      if (levels.flatMap((level) => level.ServiceControlPolicyInputList ?? []).length > maxDocuments) {
        throw invalidInput(`OrderedOrganizationPolicyInputList holds more than ${maxDocuments} policies`);
      }
      const serviceControl = levels.map((level, at) =>
        (level.ServiceControlPolicyInputList ?? []).map((text, index) =>
          sources.given(text, 'scp', `OrderedOrganizationPolicyInputList.${at + 1}.${index + 1}`),
        ),
      );
      const simulated =
        input.CallerArn === undefined ? anybodyOf(partition, caller.accountId) : callerOfArn(input.CallerArn);
      const scenario: Scenario = {
        ...givenParts(input, sources),
        caller: simulated,
        resourceAccountId: ownerOf(input.ResourceOwner) ?? simulated.principal.accountId,
        context: contextOf(input.ContextEntries),
        ...(levels.length > 0 && { serviceControl }),
      };
      return answer('SimulateCustomPolicy', input, scenario, sources, context);
    },
  });

  const SimulatePrincipalPolicy = defineOperation<SimulatePrincipalPolicyRequest, SimulatePolicyResponse>({
    authorization: (input, context) =>
      arnTarget(dependencies, 'SimulatePrincipalPolicy', input.PolicySourceArn, context),
    async handle(input, context) {
      refuseInvalid([
        ...validateMember('policySourceArn', input.PolicySourceArn, { ...anyArn, required: true }),
        ...inputFailures(input),
      ]);
      requireClearActions(input.ActionNames);
      const { PolicySourceArn: sourceArn = '', CallerArn: callerArn = sourceArn } = input;
      const { noun, record } = await requireByArn(dependencies, context.caller.accountId, sourceArn);
      const sources = createSources();
      const isExcluded = exclusionsOf(input.PolicyExclusionList);
      const carried = await carriedPolicies(dependencies, noun, record);
      const boundary = await carriedBoundary(dependencies, noun, record);
      const given = givenParts(input, sources);
      const simulated = callerOfArn(callerArn, callerArn === sourceArn ? record : undefined);
      const { serviceControl } = dependencies;
      const isServiceLinked = noun === 'role' && isServiceLinkedPath(record.path);
      const scenario: Scenario = {
        caller: simulated,
        // One that is passed stands for the one that is attached.
        ...(boundary !== undefined &&
          !isExcluded(boundary, 'boundary') && { boundary: sources.carried(boundary, 'boundary') }),
        ...given,
        identity: [
          ...carried
            .filter((policy) => !isExcluded(policy, 'permissions'))
            .map((policy) => sources.carried(policy, 'identity')),
          ...given.identity,
        ],
        resourceAccountId: ownerOf(input.ResourceOwner) ?? simulated.principal.accountId,
        context: contextOf(input.ContextEntries),
        ...(serviceControl && !isServiceLinked && { serviceControl }),
      };
      return answer('SimulatePrincipalPolicy', input, scenario, sources, context);
    },
  });

  const GetContextKeysForCustomPolicy = defineOperation<
    GetContextKeysForCustomPolicyRequest,
    GetContextKeysForPolicyResponse
  >({
    authorization: () => ({ action: 'iam:GetContextKeysForCustomPolicy', resources: ['*'] }),
    async handle(input) {
      const documents = input.PolicyInputList ?? [];
      refuseInvalid([
        ...validateMember('policyInputList', input.PolicyInputList, { required: true, max: maxDocuments }),
        ...documentFailures('policyInputList', documents),
      ]);
      return { ContextKeyNames: [...keysOfDocuments(readable(documents))] };
    },
  });

  const GetContextKeysForPrincipalPolicy = defineOperation<
    GetContextKeysForPrincipalPolicyRequest,
    GetContextKeysForPolicyResponse
  >({
    authorization: (input, context) =>
      arnTarget(dependencies, 'GetContextKeysForPrincipalPolicy', input.PolicySourceArn, context),
    async handle(input, { caller: { accountId } }) {
      const documents = input.PolicyInputList ?? [];
      refuseInvalid([
        ...validateMember('policySourceArn', input.PolicySourceArn, { ...anyArn, required: true }),
        ...validateMember('policyInputList', input.PolicyInputList, { max: maxDocuments }),
        ...documentFailures('policyInputList', documents),
      ]);
      const { noun, record } = await requireByArn(dependencies, accountId, input.PolicySourceArn ?? '');
      const carried = await carriedPolicies(dependencies, noun, record);
      const texts = [...carried.map(({ document }) => document), ...readable(documents)];
      return { ContextKeyNames: [...keysOfDocuments(texts)] };
    },
  });

  return {
    SimulateCustomPolicy,
    SimulatePrincipalPolicy,
    GetContextKeysForCustomPolicy,
    GetContextKeysForPrincipalPolicy,
  };
}

function givenParts(
  input: SimulationInput,
  sources: Sources,
): Pick<Scenario, 'identity' | 'boundary' | 'resourcePolicy'> {
  const [boundary] = input.PermissionsBoundaryPolicyInputList ?? [];
  return {
    identity: (input.PolicyInputList ?? []).map((text, index) =>
      sources.given(text, 'identity', `PolicyInputList.${index + 1}`),
    ),
    ...(boundary !== undefined && {
      boundary: sources.given(boundary, 'boundary', 'PermissionsBoundaryPolicyInputList.1'),
    }),
    ...(input.ResourcePolicy !== undefined && {
      resourcePolicy: sources.given(input.ResourcePolicy, 'resource', 'ResourcePolicy'),
    }),
  };
}

/** All of them; InvalidInput when one cannot be read. */
function readable(documents: readonly string[]): readonly string[] {
  const sources = createSources();
  for (const [index, text] of documents.entries())
    sources.given(text, 'identity', `PolicyInputList.${index + 1}`);
  return documents;
}

/** A marker is good for the question it was given for. */
function digest({ Marker: _, MaxItems: __, ...question }: SimulationInput): string {
  return createHash('sha256').update(JSON.stringify(question)).digest('base64url');
}
