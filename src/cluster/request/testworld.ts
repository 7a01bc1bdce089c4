import {
  type Attributes,
  principalIdExtraKey,
  type ResourceAttributes,
  type UserInfo,
} from '../../engine/authorizer/attributes.ts';
import type { HeaderLines } from './headers.ts';
import { impersonate } from './impersonate.ts';
import { readImpersonation } from './impersonation.ts';

export const realUser: UserInfo = {
  username: 'alice',
  uid: 'aws-iam-authenticator:111122223333:AROAALICE',
  groups: ['g'],
  extra: { [principalIdExtraKey]: ['AROAALICE'] },
  principal: {
    principalId: 'AROAALICE',
    canonicalArn: 'arn:aws:iam::111122223333:role/a',
    username: 'alice',
  },
};

export const listPods: ResourceAttributes = {
  ...{ kind: 'resource', user: realUser, verb: 'list', apiGroup: '', apiVersion: 'v1', resource: 'pods' },
  ...{ subresource: '', namespace: 'dev', name: '' },
};

/** `impersonate users bob`, `impersonate-on:user-info:list pods in dev`, … */
export function textOf(attributes: Attributes): string {
  if (attributes.kind === 'nonResource') return `${attributes.verb} ${attributes.path}`;
  const { verb, resource, subresource, apiGroup, namespace, name } = attributes;
  const target = `${resource}${apiGroup === '' ? '' : '.authn'}${subresource === '' ? '' : `/${subresource}`}`;
  return [verb, target, ...(namespace === '' ? [] : ['in', namespace]), ...(name === '' ? [] : [name])].join(
    ' ',
  );
}

/** What becomes of the headers where the real user may do what `allows` says. */
export function attempt(
  lines: HeaderLines,
  options: {
    readonly allows?: (asked: string) => boolean;
    readonly constrained?: boolean;
    readonly request?: Attributes;
  } = {},
) {
  const { allows = () => true, constrained = false, request = listPods } = options;
  const read = readImpersonation(lines, { constrained });
  if (read.kind !== 'asked') throw new Error(`not asked: ${JSON.stringify(read)}`);
  const asked: string[] = [];
  const users: UserInfo[] = [];
  const result = impersonate(read.wanted, request, {
    constrained,
    authorize(attributes) {
      asked.push(textOf(attributes));
      users.push(attributes.user);
      return {
        decision: allows(textOf(attributes)) ? 'allow' : 'noOpinion',
        reason: '',
        evidence: { by: 'nothing', misses: [] },
      };
    },
  });
  return { result, asked, users };
}

export const user = (name: string): HeaderLines => [['impersonate-user', name]];
