import { expect, test } from 'vitest';
import { type SarifResult, sarifLog } from './sarif.ts';

const result: SarifResult = {
  ruleId: 'EW-ACC-001',
  severity: 'security',
  message: 'somebody is administrator',
  subject: 'role/ops',
  fingerprint: 'f1',
};
const log = (change: Partial<SarifResult>) =>
  JSON.parse(
    sarifLog({
      version: '1.0.0',
      rules: [
        {
          id: 'EW-ACC-001',
          name: 'administrator by policy',
          severity: 'security',
          why: 'Because.',
          fix: 'less',
        },
      ],
      results: [{ ...result, ...change }],
      warnings: ['not looked at'],
      artifact: { file: './snap shot.json', description: 'a server' },
    }),
  );

test('a log has what SARIF 2.1.0 asks for: the version, one run, its tool with its rules, and results that point to them', () => {
  const { version, runs } = log({ place: { file: 'clusters/a b.yaml', line: 3, column: 7 } });
  expect(version).toBe('2.1.0');
  expect(runs).toHaveLength(1);
  const [{ tool, results, invocations }] = runs;
  expect(tool.driver).toMatchObject({
    name: 'entryway',
    rules: [
      {
        id: 'EW-ACC-001',
        name: 'administratorByPolicy',
        shortDescription: { text: 'administrator by policy' },
        help: { text: 'Because.\n\nWhat to do: less.' },
        defaultConfiguration: { level: 'error' },
      },
    ],
  });
  expect(results).toEqual([
    {
      ruleId: 'EW-ACC-001',
      ruleIndex: 0,
      level: 'error',
      message: { text: 'somebody is administrator' },
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: 'clusters/a%20b.yaml' },
            region: { startLine: 3, startColumn: 7 },
          },
          logicalLocations: [{ fullyQualifiedName: 'role/ops', kind: 'resource' }],
        },
      ],
      partialFingerprints: { 'entryway/v1': 'f1', primaryLocationLineHash: 'f1:1' },
    },
  ]);
  expect(invocations[0].toolExecutionNotifications).toEqual([
    { level: 'warning', message: { text: 'not looked at' } },
  ]);
});

test.each([
  ['error', 'error'],
  ['security', 'error'],
  ['warning', 'warning'],
  ['suggestion', 'note'],
] as const)('severity %s is level %s', (severity, level) => {
  expect(log({ severity }).runs[0].results[0].level).toBe(level);
});

test('a result that is not to be shown says why', () => {
  const [shown] = log({ suppressedBecause: 'on call' }).runs[0].results;
  expect(shown.suppressions).toEqual([{ kind: 'external', justification: 'on call' }]);
});

test('a result that is in no file of its own stands in what was read as a whole', () => {
  const [{ results, artifacts }] = log({}).runs;
  const uri = 'snap%20shot.json';
  expect(artifacts).toEqual([{ location: { uri }, description: { text: 'a server' } }]);
  expect(results[0].locations[0].physicalLocation).toEqual({
    artifactLocation: { uri },
    region: { startLine: 1, startColumn: 1 },
  });
});

test('a name places no link and no control character into the report', () => {
  const message = 'role [click](https://evil.example) \u001b[2J\u202e';
  const [{ message: told }] = log({ message }).runs[0].results;
  expect(told.text).toBe('role [click] (https://evil.example) \\u001b[2J\\u202e');
});
