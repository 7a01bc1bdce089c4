import { type ArnSections, splitSections } from '../arn/arn.ts';
import { compileWildcard } from '../arn/wildcard.ts';
import { type Answer, anyOf, not } from './answer.ts';
import type { EntryList, PolicyDocument } from './document.ts';
import type { PreparedRequest } from './request.ts';
import { compileText, mayHoldVariables } from './template.ts';

export type ResourceMatcher = (request: PreparedRequest) => Answer;

/** An entry whose variable is not resolved matches nothing, so that NotResource then covers more (iam-facts C5). */
export function compileResources(list: EntryList, version: PolicyDocument['version']): ResourceMatcher {
  const entries = list.entries.map(({ value }) => compileEntry(value, version));
  const [only] = entries;
  const judge: ResourceMatcher =
    entries.length === 1 && only !== undefined ? only : (request) => anyOf(entries, ask, request, undefined);
  return list.negated ? (request) => not(judge(request)) : judge;
}

const ask = (entry: ResourceMatcher, request: PreparedRequest): Answer => entry(request);

function compileEntry(entry: string, version: PolicyDocument['version']): ResourceMatcher {
  if (isAll(entry)) return () => 'yes';
  const sections = splitSections(entry);
  // Neither `*` nor an ARN: nothing can be said about what was meant.
  if (sections === undefined || sections[0] !== 'arn') return () => 'unknown';
  const [, ...rest] = sections;
  // Variables stand after the fifth colon only (iam-facts C1).
  if (rest.slice(0, 4).some((section) => mayHoldVariables(section, version))) return () => 'unknown';
  return compileSections(sections, version);
}

/** Each section on its own: no wildcard crosses one of the first five colons (iam-facts B3). */
function compileSections(sections: ArnSections, version: PolicyDocument['version']): ResourceMatcher {
  const [, ...rest] = sections;
  const place = rest
    .slice(0, 4)
    .map((pattern, index) => ({ at: index + 1, pattern, matches: compileWildcard(pattern) }))
    .filter(({ pattern }) => !isAll(pattern));
  const name = compileText(sections[5], { version, wildcards: true });
  const coversEverything = rest.every(isAll);
  return ({ resource, resourceSections: values, context }) => {
    // An action without a resource type is asked on `*`: a narrower pattern says nothing about it (iam-facts B5).
    if (resource === '*') return coversEverything ? 'yes' : 'no';
    if (values === undefined || values[0] !== 'arn') return 'no';
    // The name first: it is what tells most resources apart.
    const answer = name(values[5], context);
    if (answer === 'no') return 'no';
    for (const { at, matches } of place) if (!matches(values[at] ?? '')) return 'no';
    return answer;
  };
}

function isAll(pattern: string): boolean {
  return /^\*+$/.test(pattern);
}
