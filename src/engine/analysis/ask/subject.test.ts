import { describe, expect, test } from 'vitest';
import { allow } from '../../rbac/allow.ts';
import { testArn, testEntry, testGrant, testRole, testUser, testWorld } from '../testworld.ts';
import { subjectKey } from '../world/subject.ts';
import { Misasked } from './misasked.ts';
import { parseSubject, unboundHint } from './subject.ts';

const { cluster } = testWorld({
  account: { roles: [testRole('team/Ops'), testRole('Dev')], users: [testUser('ada')] },
  cluster: {
    accessEntries: [
      testEntry(testArn('role/Gone')),
      testEntry('arn:aws:iam::444455556666:role/x/Ops'),
      testEntry('arn:aws:iam::444455556666:role/ci-*'),
    ],
    serviceAccounts: [{ namespace: 'dev', name: 'builder' }],
    rbac: testGrant('devs', 'Group:developers', [allow('get', 'core', 'pods')]),
  },
});
const key = (text: string): string => subjectKey(parseSubject(text, cluster));

describe('who is meant', () => {
  test.each([
    [testArn('role/team/Ops'), `iam:${testArn('role/team/Ops')}`],
    // A role's name is unique in its account, so that its path may be left out.
    [testArn('role/Ops'), `iam:${testArn('role/team/Ops')}`],
    ['arn:aws:sts::111122223333:assumed-role/Ops/alice', `iam:${testArn('role/team/Ops')}`],
    ['role/Dev', `iam:${testArn('role/Dev')}`],
    ['role/Ops', `iam:${testArn('role/team/Ops')}`],
    ['role/dev', `iam:${testArn('role/Dev')}`],
    ['user/ada', `iam:${testArn('user/ada')}`],
    [testArn('root'), `iam:${testArn('root')}`],
    ['arn:aws:iam::444455556666:role/ci-*', 'iam:arn:aws:iam::444455556666:role/ci-*'],
    ['iam:arn:aws:iam::444455556666:role/x/Ops', 'iam:arn:aws:iam::444455556666:role/x/Ops'],
    // Whoever's account was not read can be anybody.
    ['arn:aws:iam::777788889999:role/new', 'iam:arn:aws:iam::777788889999:role/new'],
    ['User:ada', 'User:ada'],
    ['Group:oidc:devs', 'Group:oidc:devs'],
    ['ServiceAccount:dev/builder', 'ServiceAccount:dev/builder'],
    ['system:serviceaccount:dev:builder', 'ServiceAccount:dev/builder'],
    ['User:system:serviceaccount:dev:builder', 'ServiceAccount:dev/builder'],
  ])('%s is %s', (text, expected) => expect(key(text)).toBe(expected));

  test('who does not exist in an account that was read is missing, and not unlisted', () => {
    expect(parseSubject(testArn('role/nobody'), cluster)).toMatchObject({ standing: 'missing' });
    expect(parseSubject(testArn('role/Gone'), cluster)).toMatchObject({ standing: 'missing' });
    expect(parseSubject('arn:aws:iam::777788889999:role/new', cluster)).toMatchObject({
      standing: 'unlisted',
    });
  });

  test('whoever is not there of an account that was read in part may exist all the same', () => {
    const { cluster: partly } = testWorld({
      account: { roles: [testRole('Dev')] },
      cluster: { accessEntries: [testEntry(testArn('role/ci-*'), {}, { username: 'ci' })] },
      gaps: [{ area: 'iam', accountId: '111122223333', reason: 'a test' }],
    });
    const subject = parseSubject(testArn('role/ci-7'), partly);
    expect(subject).toMatchObject({ standing: 'unlisted' });
    expect(partly.identitiesOf(subject).identities[0]?.user.username).toBe('ci');
  });

  test.each([
    ['role/Opps', 'there is no role `Opps` in what was read', 'did you mean `role/Ops`?'],
    ['user/adaa', 'there is no user `adaa` in what was read', 'did you mean `user/ada`?'],
    ['ada', '`ada` does not say who it is', 'did you mean `user/ada`?'],
    ['developers', '`developers` does not say who it is', 'did you mean `Group:developers`?'],
    ['???', '`???` does not say who it is', expect.stringContaining('write an ARN, role/NAME')],
    [
      'ServiceAccount:dev/bilder',
      expect.stringContaining('no service account `bilder`'),
      'did you mean `ServiceAccount:dev/builder`?',
    ],
    [
      'arn:aws:s3:::bucket',
      expect.stringContaining('is no ARN of a user'),
      expect.stringContaining('write it as'),
    ],
  ])('%s is refused with a hint', (text, message, hint) => {
    const refused = ((): unknown => {
      try {
        return parseSubject(text, cluster);
      } catch (error) {
        return error;
      }
    })();
    expect(refused).toBeInstanceOf(Misasked);
    expect(refused).toMatchObject({ message, hint });
  });

  test('a group that no binding names is somebody, with a hint', () => {
    expect(unboundHint(parseSubject('Group:developer', cluster), cluster)).toBe(
      'no binding names group `developer`; did you mean `developers`?',
    );
    expect(unboundHint(parseSubject('Group:developers', cluster), cluster)).toBeUndefined();
  });
});
