import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { inputOf } from './connect.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'entryway-connect-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a kubeconfig in a directory of its own makes of the members of its cluster and its user. */
function inputFrom(cluster: object, user: object): Readonly<Record<string, string>> {
  const kubeconfig = join(folder, 'config');
  writeFileSync(
    kubeconfig,
    stringify({
      kind: 'Config',
      'current-context': 'main',
      contexts: [{ name: 'main', context: { cluster: 'c', user: 'u' } }],
      clusters: [{ name: 'c', cluster: { server: 'https://10.0.0.1', ...cluster } }],
      users: [{ name: 'u', user }],
    }),
  );
  return inputOf({ kubeconfig });
}

test('files are read beside the kubeconfig, wherever the command runs', () => {
  mkdirSync(join(folder, 'pki'));
  for (const name of ['ca', 'cert', 'key']) writeFileSync(join(folder, 'pki', name), `the ${name}`);
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  expect(
    inputFrom(
      { 'certificate-authority': 'pki/ca', 'tls-server-name': 'api' },
      { 'client-certificate': './pki/cert', 'client-key': join(folder, 'pki/key') },
    ),
  ).toEqual({
    server: 'https://10.0.0.1',
    tlsServerName: 'api',
    certificateAuthorityData: base64('the ca'),
    clientCertificateData: base64('the cert'),
    clientKeyData: base64('the key'),
  });
});

test('a token file is read without the white space around it', () => {
  writeFileSync(join(folder, 'token'), '\n word\n');
  expect(inputFrom({ 'certificate-authority-data': 'Q0E=' }, { tokenFile: 'token' }).bearerToken).toBe(
    'word',
  );
});

test.each<[what: string, file: string, message: RegExp]>([
  ['one that never ends', '/dev/zero', /larger than 1 MiB/],
  ['one that is not there', 'absent', /cannot be read \(ENOENT\)/],
  ['a directory', '.', /cannot be read \(EISDIR\)/],
])('a file that cannot be taken is named: %s', (_what, file, message) => {
  expect(() => inputFrom({ 'certificate-authority': file }, { token: 't' })).toThrow(message);
  expect(() => inputFrom({ 'certificate-authority-data': 'Q0E=' }, { tokenFile: file })).toThrow(message);
});
