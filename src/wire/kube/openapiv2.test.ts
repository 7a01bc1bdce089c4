import { expect, test } from 'vitest';
import { openApiV2 } from './openapiv2.ts';

test('OpenAPI v2 is a document without schemas, in the protobuf kubectl wants', () => {
  const accept = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
  const { contentType, body } = openApiV2('v1.35.0', accept);
  expect(contentType).toBe('application/com.github.proto-openapi.spec.v2.v1.0+protobuf');
  // Document { swagger = 1; info = 2 { title = 1; version = 2 } }
  expect(Buffer.from(body).toString('hex')).toBe(
    `0a03${Buffer.from('2.0').toString('hex')}1215` +
      `0a0a${Buffer.from('Kubernetes').toString('hex')}1207${Buffer.from('v1.35.0').toString('hex')}`,
  );
});

test('anybody else gets OpenAPI v2 as JSON', () => {
  const { contentType, body } = openApiV2('v1.35.0', 'application/json, */*');
  expect(contentType).toBe('application/json');
  expect(JSON.parse(body)).toEqual({
    swagger: '2.0',
    info: { title: 'Kubernetes', version: 'v1.35.0' },
    paths: {},
  });
});
