import { afterEach, expect, test, vi } from 'vitest';
import {
  stockRbac,
  testArn,
  testEntry,
  testGrant,
  testRole,
  testWorld,
} from '../../engine/analysis/testworld.ts';
import { createWorld } from '../../engine/analysis/world/world.ts';
import { allow } from '../../engine/rbac/allow.ts';
import { renderMatrix } from './matrix.ts';
import { differenceLines } from './text.ts';
import { answerWhatCan } from './whatcan.ts';

const { world } = testWorld({
  account: { roles: ['admin', 'dev', 'nobody', 'ops'].map((name) => testRole(name)) },
  cluster: {
    accessEntries: [
      testEntry(testArn('role/admin'), { AmazonEKSClusterAdminPolicy: [] }),
      testEntry(testArn('role/dev'), { AmazonEKSSecretReaderPolicy: ['dev', 'dev-*'] }),
      testEntry(testArn('role/ops'), {}, { username: 'ops:{{SessionName}}' }),
    ],
    rbac: [...stockRbac, ...testGrant('pager', 'User:ops:alice', [allow('get', 'core', 'pods', 'a')], 'dev')],
  },
});

afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

function run(
  principal: string,
  options: Partial<Parameters<typeof answerWhatCan>[2]> = {},
  asked: typeof world = world,
) {
  const written = { out: '', err: '' };
  const collect = (into: keyof typeof written) => (text: unknown) => {
    written[into] += String(text);
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(collect('out'));
  vi.spyOn(process.stderr, 'write').mockImplementation(collect('err'));
  answerWhatCan(asked, principal, { output: 'table', ...options });
  return { ...written, exitCode: process.exitCode };
}

test('nobody is told why, with exit code 1', () => {
  const { out, err, exitCode } = run('role/nobody');
  expect({ out, exitCode }).toEqual({ out: '', exitCode: 1 });
  expect(
    err,
  ).toBe(`entryway: role/nobody is nobody on prod: nothing maps principal \`${testArn('role/nobody')}\` to a Kubernetes user
hint: create an access entry for it
`);
});

test('whoever may be mapped by what was not read is not said to be nobody for certain', () => {
  const gaps = [{ area: 'accessEntries', reason: 'eks:ListAccessEntries was refused' }] as const;
  const { err, exitCode } = run('role/nobody', {}, createWorld({ ...world.snapshot, gaps }));
  expect(exitCode).toBe(1);
  expect(err).toContain('role/nobody is nobody on prod, as far as was read: ');
  expect(err).toContain('hint: not all that maps principals was read (see below)');
  expect(err).toContain('incomplete because eks:ListAccessEntries was refused');
});

test('a scoped role is told where it may what', () => {
  expect(
    run('role/dev').out,
  ).toBe(`role/dev on prod is arn:aws:sts::111122223333:assumed-role/dev/SESSION, by access entry role/dev
groups: system:authenticated
SESSION is the session name, which whoever assumes the role chooses

in namespace dev, and in every namespace that fits dev-*

RESOURCES  GET  LIST  WATCH  CREATE  UPDATE  PATCH  DELETE  DELETE ALL
secrets    ✓    ✓     ✓

from access policy AmazonEKSSecretReaderPolicy of entry role/dev

besides, what everybody has (system:basic-user, system:discovery, system:public-info-viewer)
`);
});

test('a role that can be several users is told with the names that count', () => {
  const { out } = run('role/ops', { rules: true });
  expect(out).toContain('role chooses; 1 name is bound by name\n\nnothing of its own\n');
  expect(out).toContain('with session name alice it is ops:alice');
  expect(out).toContain('- apiGroups: [""]\n  resourceNames: [a]\n  resources: [pods]\n  verbs: [get]\n');
});

test('two that differ end with exit code 1, equals with none', () => {
  const { out, exitCode } = run('role/admin', { diff: 'role/dev' });
  expect(exitCode).toBe(1);
  expect(out).toContain(
    'only role/admin may\n  in every namespace and outside of namespaces\n    all verbs: everything\n',
  );
  expect(out).toContain('only role/dev may: nothing\n');
  process.exitCode = undefined;
  expect(run('role/dev', { diff: 'role/dev' })).toMatchObject({ exitCode: undefined });
});

test('the closest policy is told with what it is missing', () => {
  const { out } = run('role/dev', { closestPolicy: true });
  expect(out).toContain(
    'closest access policy of AWS: AmazonEKSSecretReaderPolicy for dev-*, dev\nit grants exactly this\n',
  );
  expect(out).toContain(
    '# associate it for dev-*, dev\n- apiGroups: [""]\n  resources: [secrets]\n  verbs: [get, list, watch]\n',
  );
});

test('as data, all is in it', () => {
  const { out } = run('role/dev', { output: 'json', namespace: 'dev-x' });
  expect(JSON.parse(out)).toMatchObject({
    subject: { arn: testArn('role/dev') },
    identities: [{ places: [{ namespaces: ['dev-x'] }] }],
    incomplete: [],
  });
});

test('rules too many to be taken apart are told as they are, not as nothing', () => {
  const many = Array.from({ length: 600 }, (_, at) => `r${at}`);
  const rules = [{ ...allow('get list', 'core', 'pods'), resources: many, apiGroups: many }];
  expect(renderMatrix(rules)).toMatch(/✓ +✓/);
});

test('a scope of every namespace is not said to be outside of namespaces', () => {
  const rule = allow('get', 'core', 'pods');
  expect(differenceLines([{ namespaces: ['**', 'dev'], rules: [{ rule, except: [] }] }])).toEqual([
    'in every namespace, dev',
    '  get: pods',
  ]);
});
