import type { AlertRule } from './rule.ts';
import { attemptRules } from './rules/attempts.ts';
import { breakGlassRules } from './rules/breakglass.ts';
import { clusterRules } from './rules/clusters.ts';
import { identityRules } from './rules/identities.ts';
import { permissionRules } from './rules/permissions.ts';

/** Every rule, by id. docs/reference/alerts.md is written from it. */
export const alertRules: readonly AlertRule[] = [
  ...identityRules,
  ...permissionRules,
  ...clusterRules,
  ...breakGlassRules,
  ...attemptRules,
];
