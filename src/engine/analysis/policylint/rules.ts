import type { Rule } from './rule.ts';
import { actionRules } from './rules/actions.ts';
import { conditionRules } from './rules/conditions.ts';
import { conditionValueRules } from './rules/conditionvalues.ts';
import { documentRules } from './rules/document.ts';
import { escalationRules } from './rules/escalation.ts';
import { grantRules } from './rules/grants.ts';
import { principalRules } from './rules/principals.ts';
import { resourceRules } from './rules/resources.ts';
import { structureRules } from './rules/structure.ts';
import { variableRules } from './rules/variables.ts';

/** The rules over policies that can be read, in the order of their ids. */
export const rules: readonly Rule[] = [
  ...documentRules,
  ...actionRules,
  ...resourceRules,
  ...conditionRules,
  ...conditionValueRules,
  ...variableRules,
  ...grantRules,
  ...escalationRules,
  ...principalRules,
  ...structureRules,
];
