import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeResponse, encodeRequest } from '../../src/wire/protocols/client.ts';
import { decodeInput } from '../../src/wire/protocols/decode.ts';
import { encodeError, encodeOutput } from '../../src/wire/protocols/encode.ts';
import { AwsError } from '../../src/wire/protocols/errors.ts';
import { routeRequest } from '../../src/wire/protocols/route.ts';
import { services } from '../../src/wire/protocols/services.ts';
import { seedOfRun } from '../seed.ts';
import { createRandom, createSampler, type Limits, type Schema } from './samples.ts';
import { openSdk, type Sdk, type SdkName } from './sdk.ts';
import { type CodecServer, requestId, startCodecServer } from './server.ts';

/**
 * Every operation and error of the four services, with random values, between the real SDK and the codec. Go deeper
 * with ENTRYWAY_CONTRACT_SAMPLES, repeat a failure with ENTRYWAY_SEED.
 */
const samples = Number(process.env.ENTRYWAY_CONTRACT_SAMPLES ?? 3);
const seed = seedOfRun();
const names: readonly SdkName[] = ['eks', 'iam', 'sts', 'cloudtrail'];

function limitsOf(name: SdkName, direction: 'input' | 'output'): Limits {
  const query = services[name].protocol === 'awsQuery';
  return {
    emptyObjects: !query || direction === 'output',
    anyText: !query || direction === 'input',
    fractions: direction === 'output',
  };
}

/** COMPAT: clients fill idempotency tokens in themselves (protocol-facts 9), so they are never compared. */
function withoutTokens(value: unknown): unknown {
  const { clientRequestToken: _, ClientToken: __, ...others } = value as Record<string, unknown>;
  return others;
}

function sampleError(schema: Schema, sampler: ReturnType<typeof createSampler>) {
  const { message: _, Message: __, ...fields } = sampler.root(schema);
  return new AwsError(String(schema[2]), `m${sampler.text(1)}m`, fields);
}

describe.each(names)('%s, between the SDK and the codec', (name) => {
  let server: CodecServer;
  let sdk: Sdk;
  const random = createRandom(seed);
  const inputs = createSampler(random, limitsOf(name, 'input'));
  const outputs = createSampler(random, limitsOf(name, 'output'));

  beforeAll(async () => {
    server = await startCodecServer();
    sdk = openSdk(name, server.endpoint);
  });
  afterAll(async () => {
    sdk.close();
    await server.close();
  });

  test('the contract has every operation and error of the SDK', () => {
    expect(sdk.operations.map((operation) => operation.name).sort()).toEqual([
      ...services[name].operationNames,
    ]);
    for (const error of sdk.errors) expect(services[name].error(String(error[2]))?.name).toBe(error[2]);
  });

  test(`inputs and outputs arrive as they were sent (seed ${seed})`, { timeout: 600_000 }, async () => {
    for (const { name: operation, input, output } of sdk.operations) {
      for (let round = 0; round < samples; round += 1) {
        const sent = input === undefined ? {} : inputs.root(input);
        const answer = output === undefined ? {} : outputs.root(output);
        const exchange = { answer, input: undefined, service: '' };
        server.exchanges.set(operation, exchange);
        const received = await sdk.call(operation, sent);
        const told = `${operation}, seed ${seed}`;
        expect(exchange.service, told).toBe(name);
        expect(withoutTokens(exchange.input), told).toEqual(withoutTokens(sent));
        expect(received, told).toEqual(answer);
      }
    }
  });

  test(`modelled errors arrive with their class, status and members (seed ${seed})`, async () => {
    const [operation] = sdk.operations.filter(({ input }) => input === undefined || (input[6] ?? 0) === 0);
    if (operation === undefined) throw new Error('an operation without required members is needed');
    for (const schema of sdk.errors) {
      const error = sampleError(schema, outputs);
      server.exchanges.set(operation.name, { answer: error });
      const caught = await sdk.call(operation.name, {}).then(
        () => undefined,
        (thrown: unknown) => thrown as Record<string, unknown>,
      );
      const told = `${error.code}, seed ${seed}`;
      expect(caught, told).toMatchObject({ name: error.code, message: error.message, ...error.fields });
      expect(caught?.$metadata, told).toMatchObject({ requestId });
    }
  });

  test(`our own client understands the codec as well (seed ${seed})`, () => {
    for (const { name: operation, input, output } of sdk.operations) {
      const sent = input === undefined ? {} : inputs.root(input);
      const answer = output === undefined ? {} : outputs.root(output);
      const { headers, ...encoded } = encodeRequest(name, operation, sent);
      const request = { ...encoded, headers: Object.entries(headers) };
      const route = routeRequest(request);
      if (route.kind === 'unknown') throw route.error;
      const told = `${operation}, seed ${seed}`;
      expect(withoutTokens(decodeInput(route, request)), told).toEqual(withoutTokens(sent));
      const response = encodeOutput(route, answer, requestId);
      const body = Buffer.from(response.body);
      expect(decodeResponse(name, operation, { ...response, body }), told).toEqual(answer);
      const [schema] = sdk.errors.filter(() => random() < 0.1);
      const error = sampleError(schema ?? (sdk.errors[0] as Schema), outputs);
      const refusal = encodeError(route, error, requestId);
      expect(
        () => decodeResponse(name, operation, { ...refusal, body: Buffer.from(refusal.body) }),
        told,
      ).toThrow(expect.objectContaining({ code: error.code, message: error.message, fields: error.fields }));
    }
  });
});
