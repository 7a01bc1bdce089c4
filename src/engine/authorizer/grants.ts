import type { PolicyRule } from '../rbac/rules.ts';
import type { DecisionEvidence } from './decision.ts';

/**
 * Rules a user has and where they hold, with what the decision of a request would name as its evidence. Without
 * `system:masters`, which needs no rules.
 */
export type Grant =
  | {
      readonly origin: Omit<Extract<DecisionEvidence, { by: 'accessPolicy' }>, 'rule'>;
      /** Those that grant something: not the ones whose names AWS keeps to itself. */
      readonly rules: readonly PolicyRule[];
    }
  | {
      readonly origin: Omit<Extract<DecisionEvidence, { by: 'rbac' }>, 'rule'>;
      /** With the aggregation carried out; none where the role does not exist. */
      readonly rules: readonly PolicyRule[];
    };
export type GrantOrigin = Grant['origin'];
