/** aws-auths of strangers: none takes long, and broken ones are told with their place. */
import { expect, test } from 'vitest';
import { processorTimer } from '../../../test/processortime.ts';
import { TextFault } from '../files/text/fault.ts';
import { parseYamlDocument } from '../files/text/yaml.ts';
import { composeDocuments } from './compose.ts';
import { readAwsAuth } from './manifest.ts';

const head = 'kind: ConfigMap\nmetadata: {name: aws-auth, namespace: kube-system}\ndata:\n';
const inText = (text: string): string => `${head}  mapRoles: |\n${text.replace(/^/gm, '    ')}\n`;
const many = 2000;
const numbered = (line: (at: number) => string): string =>
  Array.from({ length: many }, (_, at) => line(at)).join('\n');

test.each([
  ['aliases', inText(`- &a {rolearn: x}\n${numbered(() => '- *a')}`)],
  ['merges', inText(`- &a {rolearn: x}\n${numbered(() => '- <<: *a')}`)],
  ['aliases of keys', `${head}  x: &a "y"\n${numbered((at) => `  k${at}: *a`)}`],
  ['errors', inText(numbered(() => '- rolearn: x\n bad'))],
  ['ordered maps', inText(`!!omap\n${numbered((at) => `- k${at}: 1`)}`)],
  ['brackets', inText('['.repeat(many))],
])('many %s are read or refused in a moment', (_, text) => {
  const spent = processorTimer();
  const { source } = readAwsAuth(text);
  // The library by itself takes many seconds for the first two.
  expect(spent()).toBeLessThan(3000);
  expect(source?.keys).toHaveLength(text.includes('k1: *a') ? many + 1 : 1);
});

test.each([
  ['a: ]\n', 3],
  ['- a\n}\n', 4],
  ['- rolearn: a\n - {\n', 14],
  ['a: 1\n  b: 2\n', 3],
  ['a: "x" y\n', 7],
])('what breaks %j is told with its place', (text, offset) => {
  for (const read of [
    () => composeDocuments(text, 'yaml-1.1'),
    () => parseYamlDocument(text, 0, new Map()),
  ]) {
    const fault = caught(read);
    expect(fault).toBeInstanceOf(TextFault);
    expect(fault).toMatchObject({ offset });
  }
});

function caught(read: () => unknown): unknown {
  try {
    return read();
  } catch (fault) {
    return fault;
  }
}
