import { expect, test } from 'vitest';
import { openApiOf } from './openapi.ts';
import { services } from './services.ts';

interface Described {
  readonly paths: Readonly<
    Record<
      string,
      {
        readonly post: {
          readonly operationId: string;
          readonly responses: Readonly<Record<string, unknown>>;
        };
      }
    >
  >;
  readonly components: {
    readonly schemas: Readonly<Record<string, { readonly required?: readonly string[] }>>;
  };
}

const described = openApiOf(services.entryway, { title: 'x', version: '1' }) as Described;

test('every operation of ours is described, each at its own path', () => {
  const operations = Object.values(described.paths).map(({ post }) => post.operationId);
  expect(operations.toSorted()).toEqual(services.entryway.operationNames.toSorted());
});

test('every reference names a schema that is there', () => {
  const references = [...JSON.stringify(described).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(
    ([, name]) => name,
  );
  expect(references.length).toBeGreaterThan(20);
  for (const name of references) expect(Object.keys(described.components.schemas)).toContain(name);
});

test('what is required, and what may go wrong, is said', () => {
  expect(described.components.schemas.WhoCanRequest).toMatchObject({
    required: ['clusterName', 'verb', 'resource'],
    properties: { anyNamespace: { type: 'boolean' } },
  });
  expect(
    Object.keys(described.paths['/entryway/v1/analyses/who-can']?.post.responses ?? {}).toSorted(),
  ).toEqual(['200', '400', '403', '404', '409', '500', '503']);
});
