// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables are written so.
import type {
  ReferenceCaller,
  ReferencePolicies,
  ReferencePolicy,
  ReferenceRequest,
  ReferenceStatement,
} from '../reference/iam.ts';
import type { ReferenceBlock, ReferenceContext } from '../reference/iamconditions.ts';
import type { Random } from './random.ts';

/** Generated policies and requests, from a small world in which most things nearly match. */
const own = '111122223333';
const other = '444455556666';

type List<T> = readonly [T, ...T[]];
type Values = List<string>;

const actions: Values = [
  'sts:AssumeRole',
  'eks:DescribeCluster',
  'eks:ListClusters',
  'eks:CreateAccessEntry',
  'iam:GetRole',
];
const actionEntries: Values = [
  '*',
  ...actions,
  'eks:*',
  'EKS:describe*',
  'sts:*',
  'eks:????Clusters',
  'e.s:*',
  'iam:*Role',
  'eks:',
  'eks:${aws:username}',
];
const resources: Values = [
  '*',
  `arn:aws:eks:eu-west-1:${own}:cluster/prod`,
  `arn:aws:eks:eu-west-1:${own}:cluster/prod-1`,
  `arn:aws:eks:us-east-1:${own}:access-entry/prod/role/${own}/ops/1`,
  `arn:aws:iam::${own}:role/team/ops`,
  `arn:aws:iam::${other}:role/ops`,
  `arn:aws:logs:eu-west-1:${own}:log-group:a:b`,
];
const resourceEntries: Values = [
  ...resources,
  'arn:*:*:*:*:*',
  'arn:aws:eks:*:*:cluster/*',
  `arn:aws:eks:eu-*:${own}:cluster/prod?1`,
  `arn:aws:*:*:${own}:*`,
  'arn:aws:iam::*:role/*ops',
  'arn:aws:iam:::role/ops',
  `arn:aws:logs:*:${own}:log-group:*:b`,
  'arn:aws:eks:*:*:cluster/${aws:username}',
  'arn:aws:eks:*:*:*/${aws:PrincipalTag/team}*',
  "arn:aws:eks:*:*:cluster/${aws:PrincipalTag/team, 'prod'}",
  'arn:aws:eks:*:*:cluster/${*}',
  'arn:aws:eks:*:*:cluster/${aws:TagKeys}',
  'arn:aws:eks:${aws:username}:*:cluster/*',
  'arn:aws:eks:*:*:cluster/${aws:username',
];

const user = (accountId: string, id: string): ReferenceCaller => ({
  kind: 'user',
  accountId,
  arn: `arn:aws:iam::${accountId}:user/ada`,
  principalArn: `arn:aws:iam::${accountId}:user/ada`,
  principalId: id,
});
const session = (name: string, id: string): ReferenceCaller => ({
  kind: 'assumedRole',
  accountId: own,
  arn: `arn:aws:sts::${own}:assumed-role/ops/${name}`,
  principalArn: `arn:aws:iam::${own}:role/team/ops`,
  principalId: id,
});
const service = 'pods.eks.amazonaws.com';
const callers: List<ReferenceCaller> = [
  user(own, 'AIDAAAAAAAAAAAAAAAAAA'),
  user(own, 'AIDABBBBBBBBBBBBBBBBB'),
  user(other, 'AIDACCCCCCCCCCCCCCCCC'),
  session('s1', 'AROAAAAAAAAAAAAAAAAAA'),
  session('s2', 'AROABBBBBBBBBBBBBBBBB'),
  {
    kind: 'root',
    accountId: own,
    arn: `arn:aws:iam::${own}:root`,
    principalArn: `arn:aws:iam::${own}:root`,
    principalId: own,
  },
  {
    kind: 'federatedUser',
    accountId: own,
    arn: `arn:aws:sts::${own}:federated-user/carol`,
    principalArn: `arn:aws:sts::${own}:federated-user/carol`,
    principalId: `${own}:carol`,
    issuer: { arn: `arn:aws:iam::${own}:user/ada`, principalId: 'AIDAAAAAAAAAAAAAAAAAA' },
  },
  { kind: 'service', name: service },
];
const named = callers.filter((caller) => caller.kind !== 'service');
const principalEntries: Values = [
  '*',
  own,
  own,
  other,
  `arn:aws:iam::${own}:root`,
  ...named.map(({ arn }) => arn),
  ...named.map(({ principalArn }) => principalArn),
  ...named.map(({ principalId }) => principalId),
  `arn:aws:iam::${own}:user/*`,
  `arn:aws:iam::${own}:user/Ada`,
];
/** `ops` is pinned; `ada` of the other account has no pin, as if the record were damaged. */
export const pinned: Readonly<Record<string, string>> = {
  [`arn:aws:iam::${own}:user/ada`]: 'AIDAAAAAAAAAAAAAAAAAA',
  [`arn:aws:iam::${own}:role/team/ops`]: 'AROAAAAAAAAAAAAAAAAAA',
};

/** What requests and policies say about each key: they meet often, and not always readably. */
const keys: List<readonly [key: string, families: string, found: Values, wanted: Values]> = [
  [
    'aws:username',
    'String',
    ['ada', 'Ada', 'prod', 'a*', '', 'ada:x'],
    ['ada', 'ADA', 'a*', 'a?a', '${aws:username}', '${aws:PrincipalTag/team}', 'a${*}', '${$}', '*', '${x'],
  ],
  [
    'aws:PrincipalTag/team',
    'String',
    ['prod', 'prod-1', '*', 'blue'],
    [
      'prod',
      'PROD',
      'prod*',
      "${aws:PrincipalTag/Team, 'blue'}",
      '${aws:TagKeys}',
      "${aws:username,'blue'}*",
    ],
  ],
  [
    'aws:MultiFactorAuthAge',
    'Numeric',
    ['0', '10', '10.0', '3600', '-1', '10.5', 'ten', ''],
    ['10', '10.00', '3600', '0', '-1.5', 'x', '${aws:username}', '1000000000000000000000'],
  ],
  [
    'aws:CurrentTime',
    'Date',
    ['2026-01-01T00:00:00Z', '2026-01-01T01:00:00+01:00', '2026-06-30', '1767225600', 'now', '2026-13-01'],
    [
      '2026-01-01T00:00:00Z',
      '2026-01-01',
      '1767225600',
      '2026-06-29T23:30:00-01:00',
      '2026-02-30',
      '20260101',
    ],
  ],
  ['aws:MultiFactorAuthPresent', 'Bool', ['true', 'false', 'TRUE', '1'], ['true', 'false', 'False', 'yes']],
  [
    'aws:SourceIp',
    'Ip',
    ['203.0.113.7', '10.0.0.1', '2001:db8::1', '::ffff:10.0.0.1', '203.0.113.07', 'here'],
    [
      '203.0.113.0/24',
      '10.0.0.1',
      '0.0.0.0/0',
      '2001:DB8::/32',
      '::/0',
      '10.0.0.0/33',
      '10.*',
      '203.0.113.4/30',
    ],
  ],
  [
    'aws:PrincipalArn',
    'Arn',
    [`arn:aws:iam::${own}:role/team/ops`, `arn:aws:iam::${own}:user/ada`, 'ada', 'arn:aws:iam:'],
    [
      'arn:aws:iam::*:role/*',
      `arn:aws:iam::${own}:user/\${aws:username}`,
      `arn:*:iam::${own}:role/team/o?s`,
      'arn:aws:iam:*:user/ada:x',
      '*',
      'arn:aws:iam::${aws:username}:role/*',
    ],
  ],
  ['aws:TagKeys', 'String', ['a', 'b', 'owner'], ['a', 'A', 'b', 'owner', 'o*']],
  ['bytes', 'Binary', ['QUJD', 'QUI=', 'not'], ['QUJD', 'QUI=', 'QUJ=', 'x']],
];

const families: Readonly<Record<string, Values>> = {
  String: [
    'StringEquals',
    'StringNotEquals',
    'StringEqualsIgnoreCase',
    'StringNotEqualsIgnoreCase',
    'StringLike',
    'StringNotLike',
  ],
  Numeric: [
    'NumericEquals',
    'NumericNotEquals',
    'NumericLessThan',
    'NumericLessThanEquals',
    'NumericGreaterThan',
    'NumericGreaterThanEquals',
  ],
  Date: [
    'DateEquals',
    'DateNotEquals',
    'DateLessThan',
    'DateLessThanEquals',
    'DateGreaterThan',
    'DateGreaterThanEquals',
  ],
  Bool: ['Bool'],
  Ip: ['IpAddress', 'NotIpAddress'],
  Arn: ['ArnEquals', 'ArnNotEquals', 'ArnLike', 'ArnNotLike'],
  Binary: ['BinaryEquals'],
};

export function generateCase(random: Random): {
  readonly request: ReferenceRequest;
  readonly policies: ReferencePolicies;
} {
  const { below, chance, pick } = random;
  const oneIn = (n: number): boolean => below(n) === 0;
  const few = <T>(items: List<T>): readonly T[] => Array.from({ length: 1 + below(3) }, () => pick(items));
  const many = <T>(most: number, make: () => T): readonly T[] => Array.from({ length: below(most) }, make);

  const condition = (): ReferenceBlock => {
    const [key, family, , wanted] = pick(keys);
    const spelled = oneIn(4) ? key.toUpperCase() : key;
    if (oneIn(8)) return { Null: { [spelled]: pick(['true', 'false', 'True', 'what']) } };
    const operators = oneIn(6) ? families.String : families[family];
    const operator = pick(operators ?? ['StringEquals']);
    const multi = key === 'aws:TagKeys' ? chance(0.8) : oneIn(10);
    const prefix = multi ? pick(['ForAllValues:', 'ForAnyValue:']) : '';
    const suffix = oneIn(4) ? 'IfExists' : '';
    return { [`${prefix}${operator}${suffix}`]: { [spelled]: oneIn(30) ? [] : few(wanted) } };
  };
  const block = (): ReferenceBlock => Object.assign({}, ...Array.from({ length: 1 + below(2) }, condition));

  const principals = (): '*' | Record<string, readonly string[]> =>
    oneIn(8)
      ? '*'
      : { AWS: few(principalEntries), ...(oneIn(3) && { Service: [pick([service, 'ec2.amazonaws.com'])] }) };
  const statement = (kind: 'bearer' | 'trust' | 'resource' | 'rcp'): ReferenceStatement => ({
    Effect: oneIn(4) ? 'Deny' : 'Allow',
    ...(kind === 'rcp' && { Principal: '*' }),
    ...(kind === 'trust' && { Principal: principals() }),
    ...(kind === 'resource' && (oneIn(5) ? { NotPrincipal: principals() } : { Principal: principals() })),
    ...(oneIn(6) ? { NotAction: few(actionEntries) } : { Action: few(actionEntries) }),
    ...(kind === 'trust'
      ? {}
      : oneIn(6)
        ? { NotResource: few(resourceEntries) }
        : { Resource: oneIn(2) ? '*' : few(resourceEntries) }),
    ...(oneIn(3) && { Condition: oneIn(6) ? {} : block() }),
  });
  const policy = (kind: Parameters<typeof statement>[0]): ReferencePolicy => ({
    ...(chance(0.8) && { Version: '2012-10-17' }),
    Statement: oneIn(5) ? statement(kind) : Array.from({ length: 1 + below(3) }, () => statement(kind)),
  });
  const wide: ReferencePolicy = { Statement: { Effect: 'Allow', Action: '*', Resource: '*' } };
  const levels = () =>
    Array.from({ length: 1 + below(2) }, () =>
      oneIn(8) ? [] : [pick([wide, policy('bearer')]), ...many(2, () => policy('bearer'))],
    );

  const value = (key: string, found: Values): string | readonly string[] =>
    key === 'aws:TagKeys'
      ? oneIn(8)
        ? pick(found)
        : many(4, () => pick(found))
      : oneIn(12)
        ? few(found)
        : pick(found);
  const context: ReferenceContext = Object.fromEntries(
    keys.filter(() => chance(0.65)).map(([key, , found]) => [key, value(key, found)]),
  );
  const isTrust = oneIn(2);
  return {
    request: {
      principal: pick(callers),
      action: pick(actions),
      resource: pick(resources),
      resourceAccountId: pick([own, own, other]),
      context,
    },
    policies: {
      identity: many(3, () => policy('bearer')),
      ...(oneIn(4) && { boundary: pick([wide, policy('bearer')]) }),
      ...(oneIn(4) && { session: Array.from({ length: 1 + below(2) }, () => policy('bearer')) }),
      ...(oneIn(2) && { resource: policy(isTrust ? 'trust' : 'resource') }),
      isTrust,
      ...(oneIn(6) && { scp: levels() }),
      ...(oneIn(6) && { rcp: [[policy('rcp')]] }),
      pinned,
    },
  };
}
