import { expect, test } from 'vitest';
import { junitXml } from './junit.ts';

test('a suite tells its counts, and each case what it was', () => {
  expect(
    junitXml([
      {
        name: 'access.yaml',
        cases: [
          { name: 'alice can get pods', outcome: { is: 'passed' } },
          {
            name: 'bob cannot',
            classname: 'prod',
            seconds: 0.25,
            place: { file: 'access.yaml', line: 7 },
            outcome: { is: 'failed', message: 'bob can', text: 'bob can:\n  by <view>' },
          },
          { name: 'nobody', outcome: { is: 'error', message: 'no cluster' } },
          { name: 'later', outcome: { is: 'skipped', message: 'not known' } },
        ],
      },
    ]),
  ).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="entryway" tests="4" failures="1" errors="1" skipped="1" time="0.250">
  <testsuite name="access.yaml" tests="4" failures="1" errors="1" skipped="1" time="0.250">
    <testcase name="alice can get pods" classname="access.yaml" time="0.000"/>
    <testcase name="bob cannot" classname="prod" time="0.250" file="access.yaml" line="7">
      <failure message="bob can" type="failed">bob can:
  by &lt;view&gt;</failure>
    </testcase>
    <testcase name="nobody" classname="access.yaml" time="0.000">
      <error message="no cluster" type="error">no cluster</error>
    </testcase>
    <testcase name="later" classname="access.yaml" time="0.000">
      <skipped message="not known"/>
    </testcase>
  </testsuite>
</testsuites>
`);
});

test('nothing in a name leaves its place: markup, control characters, halves of characters', () => {
  const name = 'a"/><evil b=\'&\u0000\u001b[31m\u202e\ud800\uffff\n]]>';
  const xml = junitXml([{ name, cases: [{ name, outcome: { is: 'failed', message: name } }] }]);
  expect(xml).not.toContain('<evil');
  expect(xml).not.toContain(']]>');
  expect(xml).toContain('&quot;/&gt;&lt;evil');
  expect(xml).toContain('\\u0000\\u001b[31m\\u202e\\ud800\\uffff&#10;');
  // What XML 1.0 allows in a document.
  expect(xml).toMatch(/^[\t\n\u0020-\ud7ff\ue000-\ufffd]*$/);
});
