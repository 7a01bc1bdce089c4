import { expect, test } from 'vitest';
import { parseAwsAuth } from '../../access/awsauth.ts';
import { findingsIn } from './check.ts';

/** Findings that say that something is dropped or read as empty: what the server tells of a text as its errors. */
const dropping = new Set(['002', '003', '004', '010', '011', '012', '013', '061']);

const arn = 'arn:aws:iam::111122223333:role/Ops';
const values = [
  'x',
  '""',
  'null',
  '~',
  '7',
  '007',
  'yes',
  '[]',
  '[a, 5]',
  '[a, [b]]',
  '{a: b}',
  arn,
  '2026-01-15',
  '*a',
  '&a z',
];
const names = ['rolearn', 'RoleArn', 'userarn', 'username', 'groups', 'sso', '<<', 'note', 'groups '];
const ssoValues = [
  '{permissionSetName: View, accountID: "111122223333"}',
  '{permissionSetName: View, accountID: 111122223333}',
  '{permissionSetName: View, accountID: "111122223333", partition: 5}',
  '{PERMISSIONSETNAME: View, AccountId: "111122223333", partition: aws-cn}',
  '{permissionSetName: [], accountID: "111122223333"}',
];

test('the check finds something dropped exactly where the server drops something', () => {
  const seed = Number(process.env.SEED ?? 20261121);
  let state = seed;
  const below = (bound: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
  const pick = (list: readonly string[]): string => list[below(list.length)] ?? '';
  const field = (): string => {
    const name = pick(names);
    return `${name}: ${pick(name === 'sso' && below(4) > 0 ? ssoValues : values)}`;
  };
  const item = (key: string): string => {
    if (below(10) === 0) return `- ${pick(values)}`;
    const own = key === 'mapRoles' ? `rolearn: ${arn}` : `userarn: ${arn}`;
    const fields = Array.from({ length: below(3) }, field);
    return `- ${(fields.length === 0 || below(2) === 0 ? [own, ...fields] : fields).join('\n  ')}`;
  };
  const text = (key: string): string => {
    if (below(20) === 0) return pick(values);
    const items = Array.from({ length: below(3) }, () => item(key));
    return items.join(below(20) === 0 ? '\n ' : '\n');
  };

  let dropped = 0;
  for (let count = 0; count < 800; count++) {
    const key = pick(['mapRoles', 'mapUsers', 'mapAccounts']);
    const data = { [key]: text(key) };
    const { errors } = parseAwsAuth(data);
    const findings = findingsIn(JSON.stringify(data), { ssoRoleMatch: true }).filter(({ id }) =>
      dropping.has(id.slice(-3)),
    );
    const told = JSON.stringify(
      { data, errors, findings: findings.map(({ message }) => message) },
      undefined,
      1,
    );
    if (errors.length > 0 !== findings.length > 0) expect.fail(`SEED=${seed}: ${told}`);
    if (errors.length > 0) dropped++;
  }
  expect(dropped).toBeGreaterThan(200);
  expect(dropped).toBeLessThan(600);
});
