import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../src');

/** What each room may import from, besides itself. Taken from docs/adr/0001, 0004 and 0010. */
const allowed: Record<string, readonly string[]> = {
  engine: [],
  wire: ['engine'],
  storage: ['engine'],
  clients: ['engine', 'wire'],
  services: ['engine', 'wire', 'storage', 'audit'],
  access: ['engine', 'wire', 'storage', 'clients'],
  cluster: ['engine', 'wire', 'storage', 'access', 'audit'],
  webhooks: ['engine', 'wire', 'storage', 'access', 'audit'],
  audit: ['engine', 'wire', 'storage'],
  agent: ['engine', 'wire', 'clients'],
  sources: ['engine', 'wire', 'storage', 'access'],
  server: [
    'engine',
    'wire',
    'storage',
    'services',
    'access',
    'cluster',
    'webhooks',
    'audit',
    'sources',
    'clients',
  ],
  embedded: ['engine', 'wire', 'server', 'clients', 'sources'],
  cli: ['engine', 'wire', 'storage', 'audit', 'server', 'sources', 'clients', 'agent'],
};

const sources = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  .map((name) => join(root, name));

const importPattern = /(?:from|import)\s*\(?\s*'([^']+)'/g;

function roomOf(path: string): string {
  return relative(root, path).split('/')[0] ?? '';
}

function importsOf(path: string): readonly string[] {
  return [...readFileSync(path, 'utf8').matchAll(importPattern)].map((match) => match[1] as string);
}

test('imports point one way', () => {
  const wrong: string[] = [];
  for (const path of sources) {
    const room = roomOf(path);
    for (const specifier of importsOf(path).filter((name) => name.startsWith('.'))) {
      const target = roomOf(resolve(dirname(path), specifier));
      if (target !== room && !allowed[room]?.includes(target)) {
        wrong.push(`${relative(root, path)} imports ${specifier}`);
      }
    }
  }
  expect(wrong).toEqual([]);
});

test('the engine imports nothing but itself', () => {
  const wrong = sources
    .filter((path) => roomOf(path) === 'engine')
    .flatMap((path) =>
      importsOf(path)
        .filter((name) => !name.startsWith('.'))
        .map((name) => `${relative(root, path)} imports ${name}`),
    );
  expect(wrong).toEqual([]);
});

test('every room of the tree is known to the rule', () => {
  expect(new Set(sources.map(roomOf)).difference(new Set(Object.keys(allowed)))).toEqual(new Set());
});
