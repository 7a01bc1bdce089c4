/**
 * `error`: does not do what it says. `security`: gives more than it seems to. `warning`: does something unexpected.
 * `suggestion`: could be said better.
 */
export const severities = ['suggestion', 'warning', 'security', 'error'] as const;
export type Severity = (typeof severities)[number];
