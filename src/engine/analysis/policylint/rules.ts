import type { Rule } from './rule.ts';
import { actionRules } from './rules/actions.ts';
import { conditionKeyRules } from './rules/conditionkeys.ts';
import { conditionSetRules } from './rules/conditionsets.ts';
import { conditionValueRules } from './rules/conditionvalues.ts';
import { documentRules } from './rules/document.ts';
import { escalationRules } from './rules/escalation.ts';
import { grantRules } from './rules/grants.ts';
import { mfaRules } from './rules/mfa.ts';
import { principalRules } from './rules/principals.ts';
import { resourceRules } from './rules/resources.ts';
import { structureRules } from './rules/structure.ts';
import { variableRules } from './rules/variables.ts';

/** The rules over policies that can be read, in the order of their ids. */
export const rules: readonly Rule[] = [
  ...documentRules,
  ...actionRules,
  ...resourceRules,
  ...conditionKeyRules,
  ...conditionSetRules,
  ...mfaRules,
  ...conditionValueRules,
  ...variableRules,
  ...grantRules,
  ...escalationRules,
  ...principalRules,
  ...structureRules,
].sort((a, b) => (a.id < b.id ? -1 : 1));
