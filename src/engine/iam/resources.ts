import { type ArnSections, splitSections } from '../arn/arn.ts';
import { compileWildcard } from '../arn/wildcard.ts';
import { type Answer, anyOf, not } from './answer.ts';
import type { EntryList, PolicyDocument } from './document.ts';
import type { PreparedRequest } from './request.ts';

export type ResourceMatcher = (request: PreparedRequest) => Answer;

export function compileResources(list: EntryList, version: PolicyDocument['version']): ResourceMatcher {
  const entries = list.entries.map(({ value }) => compileEntry(value, version));
  return (request) => {
    const answer = anyOf(entries, (entry) => entry(request));
    return list.negated ? not(answer) : answer;
  };
}

function compileEntry(entry: string, version: PolicyDocument['version']): ResourceMatcher {
  if (isAll(entry)) return () => 'yes';
  // COMPAT: policy variables are not resolved yet: such an entry is in doubt, so an Allow on it grants nothing and a
  // Deny applies. In the older language `${` is plain text (iam-facts A4).
  if (version === '2012-10-17' && entry.includes('${')) return () => 'unknown';
  const sections = splitSections(entry);
  // Neither `*` nor an ARN: nothing can be said about what was meant.
  if (sections === undefined || sections[0] !== 'arn') return () => 'unknown';
  return compileSections(sections);
}

/** Each section on its own: no wildcard crosses one of the first five colons (iam-facts B3). */
function compileSections(sections: ArnSections): ResourceMatcher {
  const [, ...rest] = sections;
  const wildcards = rest.map(compileWildcard);
  const coversEverything = rest.every(isAll);
  return ({ resource, resourceSections: values }) => {
    // An action without a resource type is asked on `*`: a narrower pattern says nothing about it (iam-facts B5).
    if (resource === '*') return coversEverything ? 'yes' : 'no';
    if (values === undefined || values[0] !== 'arn') return 'no';
    for (let index = 0; index < wildcards.length; index++) {
      if (!wildcards[index]?.(values[index + 1] ?? '')) return 'no';
    }
    return 'yes';
  };
}

function isAll(pattern: string): boolean {
  return /^\*+$/.test(pattern);
}
