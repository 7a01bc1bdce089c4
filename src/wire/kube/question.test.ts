import { describe, expect, test } from 'vitest';
import { Misasked } from '../../engine/analysis/ask/misasked.ts';
import { isAskedInNamespaces, parseQuestion, type QuestionOptions } from './question.ts';

/** `GROUP RESOURCE/SUBRESOURCE NAMESPACE/NAME` */
function asked(verb: string, resource: string, options: QuestionOptions = {}): string {
  const question = parseQuestion(verb, resource, options);
  if (question.kind === 'nonResource') return question.path;
  const { apiGroup, resource: plural, subresource, namespace, name } = question;
  return `${apiGroup} ${plural}/${subresource} ${namespace}/${name}`;
}

describe('what is asked', () => {
  test.each([
    ['get', 'po', {}, ' pods/ /'],
    ['get', 'pods/log', { namespace: 'dev', name: 'a' }, ' pods/log dev/a'],
    ['create', 'deployments.apps', {}, 'apps deployments/ /'],
    ['get', 'widgets.example.com', {}, 'example.com widgets/ /'],
    ['get', '/metrics', {}, '/metrics'],
    // What checks of impersonation and signing are about (kubernetes-facts A13, A15).
    ['impersonate', 'users', { name: 'ada' }, ' users/ /ada'],
    ['impersonate', 'groups', {}, ' groups/ /'],
    ['impersonate', 'uids', {}, 'authentication.k8s.io uids/ /'],
    ['impersonate', 'userextras/example.com/team', {}, 'authentication.k8s.io userextras/example.com/team /'],
    ['approve', 'signers', {}, 'certificates.k8s.io signers/ /'],
    ['impersonate-on:user-info:get', 'pods', {}, ' pods/ /'],
    ['unsafe-delete-ignore-read-errors', 'secrets', {}, ' secrets/ /'],
    // A request for a Namespace carries its name as its namespace, one for all of them carries none (A5, A8).
    ['get', 'namespaces', { name: 'dev' }, ' namespaces/ dev/dev'],
    ['delete', 'ns', { namespace: 'dev' }, ' namespaces/ dev/dev'],
    ['update', 'namespaces/finalize', { name: 'dev' }, ' namespaces/finalize dev/dev'],
    ['list', 'namespaces', { name: 'dev' }, ' namespaces/ /dev'],
    ['get', 'namespaces', {}, ' namespaces/ /'],
  ] as const)('%s %s %j', (verb, resource, options, expected) => {
    expect(asked(verb, resource, options)).toBe(expected);
  });

  test.each([
    ['Get', 'pods', {}],
    ['get-', 'pods', {}],
    ['get', 'pods/log/x', {}],
    ['get', 'nodes', { namespace: 'dev' }],
    ['impersonate', 'users', { namespace: 'dev' }],
    ['get', 'namespaces', { namespace: 'dev', name: 'prod' }],
    ['get', '/metrics', { name: 'x' }],
  ] as const)('%s %s %j is no question', (verb, resource, options) => {
    expect(() => parseQuestion(verb, resource, options)).toThrow(Misasked);
  });

  // "Nobody may `read` secrets" would be taken for an answer.
  test.each([
    ['read', 'secrets', 'did you mean `get`?'],
    ['gett', 'pods', 'did you mean `get`?'],
    ['frobnicate', 'pods', /^verbs are get, list/],
    ['get', 'secretz', /^did you mean `secrets`\?/],
    ['get', 'gadgetry', /^write a resource of your own/],
  ] as const)('%s %s says what may be meant', (verb, resource, hint) => {
    expect(() => parseQuestion(verb, resource, {})).toThrow(
      expect.objectContaining({ hint: typeof hint === 'string' ? hint : expect.stringMatching(hint) }),
    );
  });

  test('a resource of one’s own has verbs of one’s own', () => {
    expect(asked('read', 'widgets.example.com')).toBe('example.com widgets/ /');
  });

  test('whether it can be asked in a namespace', () => {
    const isAsked = (resource: string) => isAskedInNamespaces(parseQuestion('get', resource, {}));
    expect(['pods', 'nodes', 'users', 'namespaces', 'widgets.example.com', '/metrics'].map(isAsked)).toEqual([
      ...[true, false, false, true, undefined, false],
    ]);
  });
});
