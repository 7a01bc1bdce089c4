import { defineOperation, type Operations } from '../../operation.ts';
import { refuseInvalid, validateMember } from '../../validation.ts';
import * as constraints from '../constraints.ts';
import type { IamDependencies } from '../dependencies.ts';
import {
  type Entity,
  type EntityKind,
  groupKind,
  idOf,
  type NamedInput,
  namedTarget,
  nameFailures,
  requireChangeable,
  requireNamed,
  roleKind,
  userKind,
} from '../entities.ts';
import { limitExceeded, noSuchEntity } from '../errors.ts';
import { type PageRequest, pageFailures, pageOf } from '../paging.ts';
import { atomically, replacing } from '../records.ts';
import { encodeDocument, policySize, requirePolicy, storedDocument } from './policydocuments.ts';

interface PolicyInput extends NamedInput {
  readonly PolicyName?: string | undefined;
}

/** `PutUserPolicy`, `GetRolePolicy` and so on: policies that live and die with their user, role or group. */
export function createInlinePolicyOperations(dependencies: IamDependencies): Operations {
  return {
    ...operationsFor(dependencies, userKind),
    ...operationsFor(dependencies, roleKind),
    ...operationsFor(dependencies, groupKind),
  };
}

function operationsFor<R extends Entity>(dependencies: IamDependencies, kind: EntityKind<R>): Operations {
  const { pageTokens } = dependencies;
  const { word, noun } = kind;

  const target = (action: string) => namedTarget(dependencies, kind, action);

  const failures = (input: PolicyInput): string[] => [
    ...nameFailures(kind, input),
    ...validateMember('policyName', input.PolicyName, constraints.policyName),
  ];

  const noSuchPolicy = (policyName: string): Error =>
    noSuchEntity(`The ${noun} policy with name ${policyName} cannot be found.`);

  const Put = defineOperation<PolicyInput & { readonly PolicyDocument?: string | undefined }, object>({
    authorization: target(`Put${word}Policy`),
    async handle(input, { caller: { accountId }, commit }) {
      const { PolicyName: policyName = '', PolicyDocument: document = '' } = input;
      refuseInvalid([
        ...failures(input),
        ...validateMember('policyDocument', document, constraints.policyDocument),
      ]);
      requirePolicy(document, 'identity');
      return atomically(async () => {
        const stored = await requireChangeable(dependencies, kind, accountId, input);
        const inlinePolicies = { ...stored.record.inlinePolicies, [policyName]: storedDocument(document) };
        const size = Object.values(inlinePolicies).reduce((sum, text) => sum + policySize(text), 0);
        if (size > kind.inlinePolicyLimit) {
          throw limitExceeded(
            `Maximum policy size of ${kind.inlinePolicyLimit} bytes exceeded for ${noun} ${stored.record.name}`,
          );
        }
        return commit(replacing(stored, { ...stored.record, inlinePolicies }), {});
      });
    },
  });

  const Get = defineOperation<PolicyInput, object>({
    authorization: target(`Get${word}Policy`),
    async handle(input, { caller: { accountId } }) {
      const { PolicyName: policyName = '' } = input;
      refuseInvalid(failures(input));
      const { record } = await requireNamed(dependencies, kind, accountId, input);
      // Own properties only: `constructor` is a lawful policy name, and no policy of anybody by itself.
      const document = Object.hasOwn(record.inlinePolicies, policyName)
        ? record.inlinePolicies[policyName]
        : undefined;
      if (document === undefined) throw noSuchPolicy(policyName);
      return {
        [`${word}Name`]: record.name,
        PolicyName: policyName,
        PolicyDocument: encodeDocument(document),
      };
    },
  });

  const List = defineOperation<NamedInput & PageRequest, object>({
    authorization: target(`List${word}Policies`),
    async handle(input, { caller: { accountId } }) {
      refuseInvalid([...nameFailures(kind, input), ...pageFailures(input)]);
      const { record } = await requireNamed(dependencies, kind, accountId, input);
      const names = Object.keys(record.inlinePolicies).sort();
      const { items, ...page } = pageOf(names, (name) => name, input, {
        pageTokens,
        scope: `iam:List${word}Policies ${idOf(record)}`,
      });
      return { PolicyNames: [...items], ...page };
    },
  });

  const Delete = defineOperation<PolicyInput, object>({
    authorization: target(`Delete${word}Policy`),
    async handle(input, { caller: { accountId }, commit }) {
      const { PolicyName: policyName = '' } = input;
      refuseInvalid(failures(input));
      return atomically(async () => {
        const stored = await requireChangeable(dependencies, kind, accountId, input);
        if (!Object.hasOwn(stored.record.inlinePolicies, policyName)) throw noSuchPolicy(policyName);
        const { [policyName]: _, ...inlinePolicies } = stored.record.inlinePolicies;
        return commit(replacing(stored, { ...stored.record, inlinePolicies }), {});
      });
    },
  });

  return {
    [`Put${word}Policy`]: Put,
    [`Get${word}Policy`]: Get,
    [`List${word}Policies`]: List,
    [`Delete${word}Policy`]: Delete,
  };
}
