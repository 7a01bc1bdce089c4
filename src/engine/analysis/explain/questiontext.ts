import type { PolicyRule } from '../../rbac/rules.ts';
import type { Question } from '../world/question.ts';

/** `get secrets in namespace prod`, each name in backticks. */
export function questionText(question: Question): string {
  if (question.kind === 'nonResource') return `\`${question.verb}\` \`${question.path}\``;
  const { verb, apiGroup, namespace, name } = question;
  const what = `\`${verb}\` \`${resourceText(question)}${apiGroup === '' ? '' : `.${apiGroup}`}\``;
  const which = name === '' ? '' : ` named \`${name}\``;
  return `${what}${which}${namespace === '' ? '' : ` in namespace \`${namespace}\``}`;
}

function resourceText({ resource, subresource }: Extract<Question, { kind: 'resource' }>): string {
  return subresource === '' ? resource : `${resource}/${subresource}`;
}

/** The rule that allows exactly this. */
export function exactRule(question: Question): PolicyRule {
  const none = { apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: [] };
  if (question.kind === 'nonResource') {
    return { ...none, verbs: [question.verb], nonResourceURLs: [question.path] };
  }
  const { verb, apiGroup, name } = question;
  // The name of what is created is not in the request, nor is one in a request for all of them (kubernetes-facts B3).
  const isNamed = name !== '' && verb !== 'create' && verb !== 'deletecollection';
  return {
    ...none,
    verbs: [verb],
    apiGroups: [apiGroup],
    resources: [resourceText(question)],
    ...(isNamed && { resourceNames: [name] }),
  };
}

/** How much rules allow, to be compared: pairs of verb and resource; a star counts as very many. */
export function breadth(rules: readonly PolicyRule[]): number {
  const count = (list: readonly string[]): number =>
    list.some((one) => one.includes('*')) ? 1_000 : list.length;
  return rules.reduce((sum, { verbs, apiGroups, resources, resourceNames, nonResourceURLs }) => {
    const named = resourceNames.length === 0 ? 1 : 0.5;
    return sum + count(verbs) * (count(apiGroups) * count(resources) * named + count(nonResourceURLs));
  }, 0);
}

/** For the name of something new: `get-pods-log`. */
export function questionName(question: Question): string {
  const text =
    question.kind === 'nonResource'
      ? `${question.verb} ${question.path}`
      : `${question.verb} ${resourceText(question)}${question.name === '' ? '' : ` ${question.name}`}`;
  const name = text
    .replaceAll('*', 'all')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 50);
  // Names that begin like AWS's own are refused.
  return name === '' || /^(?:amazon|aws)/.test(name) ? `allow-${name}`.replace(/-$/, '') : name;
}
