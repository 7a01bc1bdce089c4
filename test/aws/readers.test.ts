/** What is read of AWS and of the operator's files: by hand, with bounds, refusing what is unclear. */
import type { LookupAddress } from 'node:dns';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { createJoinedLookup } from '../../src/access/aws/lookups.ts';
import { createShortMemory } from '../../src/access/aws/shortmemory.ts';
import { elementsAt, parseXml, textAt } from '../../src/access/aws/xml.ts';
import { createTableInstanceNames, parseInstanceTable } from '../../src/access/instancetable.ts';
import { followFile } from '../../src/clients/followedfile.ts';
import { createGate, GateClosed } from '../../src/clients/gate.ts';
import { parseSharedCredentials } from '../../src/clients/sharedcredentials.ts';
import { processorTimer } from '../processortime.ts';

describe('XML', () => {
  test.each([
    '',
    'text',
    '<a>',
    '</a>',
    '<a></b>',
    '<a><b></a></b>',
    '<a/><b/>',
    '<a/>text',
    '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
    '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
    '<a>&x;</a>',
    '<a>&constructor;</a>',
    '<a>&</a>',
    '<a>&#0;</a>',
    '<a>&#xD800;</a>',
    '<a>&#x110000;</a>',
    '<a><![CDATA[x]]></a>',
    '<a><!-- x --></a>',
    '<a b=c/>',
    '<a b="<"/>',
    '<a><?xml version="1.0"?></a>',
    `${'<a>'.repeat(33)}${'</a>'.repeat(33)}`,
  ])('%j is unreadable', (text) => {
    expect(() => parseXml(text)).toThrow(/unreadable XML at offset \d+$/);
  });

  test('elements, attributes and references are read', () => {
    const root = parseXml(
      '<?xml version="1.0" encoding="UTF-8"?>\n<r xmlns="http://x/" a=\'1\'>\n <s><t>a&lt;&amp;&#65;&#x42;</t><t/></s></r>\n',
    );
    expect(root.name).toBe('r');
    expect(elementsAt(root, 's', 't').map(({ text }) => text)).toEqual(['a<&AB', '']);
    expect(textAt(root, 's', 't')).toBeUndefined();
    expect(textAt(root, 's')).toBeUndefined();
  });

  test('more than 200,000 elements are unreadable, and 32 may lie within each other', () => {
    expect(parseXml(`<a>${'<b/>'.repeat(199_999)}</a>`).children).toHaveLength(199_999);
    expect(() => parseXml(`<a>${'<b/>'.repeat(200_000)}</a>`)).toThrow('unreadable');
    expect(parseXml(`${'<a>'.repeat(32)}${'</a>'.repeat(32)}`).name).toBe('a');
  });

  test('a mebibyte of nearly an element takes no time', () => {
    const spent = processorTimer();
    expect(() => parseXml(`<a${' b="'.repeat(200_000)}`)).toThrow();
    expect(() => parseXml(`<a>${'<b '.repeat(200_000)}`)).toThrow();
    expect(spent()).toBeLessThan(1000);
  });
});

describe('a shared credentials file', () => {
  const good = [
    '# mine',
    '[default]',
    'aws_access_key_id = AKIADEFAULT000000001',
    'aws_secret_access_key=abc/def+ghi=',
    's3 =',
    '  max_concurrent_requests = 20',
    '',
    '[ops]',
    'AWS_ACCESS_KEY_ID=ASIAOPS0000000000001',
    'aws_secret_access_key=s',
    'aws_session_token=t',
    'region=us-east-1',
  ].join('\r\n');

  test('is read by profile', () => {
    expect(parseSharedCredentials(good, 'default')).toEqual({
      accessKeyId: 'AKIADEFAULT000000001',
      secretAccessKey: 'abc/def+ghi=',
    });
    expect(parseSharedCredentials(good, 'ops')).toEqual({
      accessKeyId: 'ASIAOPS0000000000001',
      secretAccessKey: 's',
      sessionToken: 't',
    });
  });

  test.each([
    ['another profile', good, 'staging', 'there is no profile `staging`'],
    ['a profile twice', '[a]\n[b]\n[a]\n', 'a', 'stands there twice'],
    ['a setting twice', '[a]\naws_access_key_id=1\naws_access_key_id=2', 'a', 'line 3 says'],
    ['no secret', '[a]\naws_access_key_id=AKIADEFAULT000000001', 'a', 'only keys are read'],
    ['a role', '[a]\nrole_arn=arn:aws:iam::111122223333:role/x', 'a', 'only keys are read'],
    ['an id that is none', '[a]\naws_access_key_id=a/b\naws_secret_access_key=x', 'a', 'cannot be used'],
    [
      'a secret with a space',
      '[a]\naws_access_key_id=AKIADEFAULT000000001\naws_secret_access_key=topsecret x',
      'a',
      'cannot be used',
    ],
    ['a secret on a line of its own', '[a]\ntopsecret', 'a', 'line 2 is no setting'],
  ])('with %s is refused, without telling what stands there', (_name, text, profile, message) => {
    const parse = () => parseSharedCredentials(text, profile);
    expect(parse).toThrow(message);
    expect(parse).not.toThrow(/topsecret/);
  });
});

describe('a table of instances', () => {
  test('names instances', async () => {
    const table = parseInstanceTable(
      '{"i-0123456789abcdef0": "ip-10-0-0-1.ec2.internal", "i-01234567": "a"}',
    );
    const names = createTableInstanceNames(async () => table, { privateDnsName: async () => 'from.ec2' });
    expect(await names.privateDnsName('i-0123456789abcdef0')).toBe('ip-10-0-0-1.ec2.internal');
    expect(await names.privateDnsName('i-0123456789abcdef1')).toBe('from.ec2');
    expect(await createTableInstanceNames(async () => table).privateDnsName('i-x')).toBeUndefined();
  });

  test.each([
    ['', 'no JSON object'],
    ['[]', 'no JSON object'],
    ['{"i-1": "a"}', 'no id of an instance'],
    ['{"constructor": "a"}', 'no id of an instance'],
    ['{"i-01234567": 1}', 'no host name'],
    ['{"i-01234567": ""}', 'no host name'],
    ['{"i-01234567": "A.ec2.internal"}', 'no host name'],
    ['{"i-01234567": "a..b"}', 'no host name'],
    ['{"i-01234567": "system:masters"}', 'no host name'],
    ['{"i-01234567": "a", "i-01234568": "a"}', 'two instances have the name'],
    ['{"i-01234567": "a", "i-01234567": "b"}', 'more than once'],
  ])('%s is refused', (text, message) => {
    expect(() => parseInstanceTable(text)).toThrow(message);
  });

  test('of more than 100,000 is refused', () => {
    const of = (count: number) =>
      JSON.stringify(
        Object.fromEntries(
          Array.from({ length: count }, (_, at) => [`i-${at.toString(16).padStart(8, '0')}`, `a${at}`]),
        ),
      );
    expect(parseInstanceTable(of(100_000)).size).toBe(100_000);
    expect(() => parseInstanceTable(of(100_001))).toThrow('more than 100000 instances');
  });
});

describe('a file that changes', () => {
  const directory = mkdtempSync(join(tmpdir(), 'entryway-followed-'));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  test('is read anew; a bad change keeps what was good, and is told once', async () => {
    const path = join(directory, 'a.json');
    const errors: string[] = [];
    let now = 0;
    const file = followFile({
      path,
      parse: (text) => JSON.parse(text) as unknown,
      log: { error: (_fields, message) => errors.push(message) },
      now: () => now,
    });
    await expect(file.current()).rejects.toThrow();
    writeFileSync(path, '1');
    expect(await file.current()).toBe(1);
    writeFileSync(path, '22');
    expect(await file.current()).toBe(1);
    now += 1000;
    expect(await file.current()).toBe(22);
    writeFileSync(path, '{');
    for (let at = 0; at < 3; at++) {
      now += 1000;
      expect(await file.current()).toBe(22);
    }
    expect(errors).toHaveLength(1);
    rmSync(path);
    now += 1000;
    expect(await file.current()).toBe(22);
    expect(errors).toHaveLength(2);
    writeFileSync(path, '333');
    now -= 100_000;
    expect(await file.current()).toBe(333);
  });

  const open = (name: string) => {
    const path = join(directory, name);
    writeFileSync(path, '1');
    const errors: string[] = [];
    let now = 0;
    const file = followFile({
      path,
      parse: (text) => JSON.parse(text) as unknown,
      log: { error: ({ error = '' }) => errors.push(error) },
      now: () => now,
    });
    const later = (): Promise<unknown> => {
      now += 1000;
      return file.current();
    };
    return { path, errors, later };
  };

  test('is read anew when its age and size are what they were', async () => {
    const { path, later } = open('copied.json');
    utimesSync(path, 1, 1);
    expect(await later()).toBe(1);
    writeFileSync(path, '2');
    utimesSync(path, 1, 1);
    expect(await later()).toBe(2);
  });

  test('is told of once for each trouble, and again when it comes back', async () => {
    const { path, errors, later } = open('gone.json');
    await later();
    for (const text of ['2', '3']) {
      rmSync(path);
      await later();
      await later();
      writeFileSync(path, text);
      expect(await later()).toBe(Number(text));
    }
    expect(errors).toEqual([expect.stringContaining('ENOENT'), expect.stringContaining('ENOENT')]);
  });

  test('is no file any more', async () => {
    const { path, errors, later } = open('directory.json');
    await later();
    rmSync(path);
    mkdirSync(path);
    expect(await later()).toBe(1);
    expect(errors).toEqual(['it is no file']);
  });

  test('is longer than 16 MiB', async () => {
    const { path, errors, later } = open('long.json');
    await later();
    writeFileSync(path, '2');
    truncateSync(path, 16 * 2 ** 20 + 1);
    expect(await later()).toBe(1);
    expect(errors).toEqual(['it is longer than 16777216 bytes']);
  });

  // Nothing is unreadable to root.
  test.runIf(process.getuid?.() !== 0)('may be read only later', async () => {
    const { path, errors, later } = open('locked.json');
    await later();
    writeFileSync(path, '22');
    chmodSync(path, 0);
    for (const _ of [1, 2]) expect(await later()).toBe(1);
    expect(errors).toEqual([expect.stringContaining('EACCES')]);
    chmodSync(path, 0o600);
    expect(await later()).toBe(22);
  });
});

describe('looking names up', () => {
  function open() {
    const waiting: PromiseWithResolvers<LookupAddress[]>[] = [];
    const lookup = createJoinedLookup(() => {
      const asked = Promise.withResolvers<LookupAddress[]>();
      waiting.push(asked);
      return asked.promise;
    });
    const ask = (hostname: string) =>
      new Promise((resolve) =>
        lookup(hostname, { all: true }, (error, addresses) => resolve(error?.message ?? addresses)),
      );
    return { waiting, ask };
  }

  test('asks once however many want to know, and again for who comes later', async () => {
    const { waiting, ask } = open();
    const addresses = [{ address: '192.0.2.1', family: 4 }];
    const asked = [ask('a.example'), ask('a.example'), ask('b.example')];
    expect(waiting).toHaveLength(2);
    for (const { resolve } of waiting) resolve(addresses);
    expect(await Promise.all(asked)).toEqual([addresses, addresses, addresses]);
    void ask('a.example');
    expect(waiting).toHaveLength(3);
  });

  test('fails for everybody, and is tried again', async () => {
    const { waiting, ask } = open();
    const asked = [ask('a.example'), ask('a.example')];
    waiting[0]?.reject(new Error('ENOTFOUND'));
    expect(await Promise.all(asked)).toEqual(['ENOTFOUND', 'ENOTFOUND']);
    void ask('a.example');
    expect(waiting).toHaveLength(2);
  });
});

test('a gate lets in what fits, in order, and forgets who left', async () => {
  const gate = createGate({ running: 1, waiting: 2, patience: 5_000 });
  const first = Promise.withResolvers<void>();
  const order: number[] = [];
  const tasks = [
    gate.pass(() => first.promise),
    gate.pass(async () => void order.push(1)),
    gate.pass(async () => {
      order.push(2);
      throw new Error('its own');
    }),
  ];
  await expect(gate.pass(async () => undefined)).rejects.toThrow(GateClosed);
  expect([gate.running(), gate.waiting(), gate.refused()]).toEqual([1, 2, 1]);
  first.resolve();
  await Promise.all(tasks.slice(0, 2));
  await expect(tasks[2]).rejects.toThrow('its own');
  expect(order).toEqual([1, 2]);
  expect([gate.running(), gate.waiting()]).toEqual([0, 0]);
});

test('a gate lets those in first who go ahead, and has as many places for them to wait as for the others', async () => {
  const gate = createGate({ running: 1, waiting: 1, patience: 5_000 });
  const first = Promise.withResolvers<void>();
  const order: string[] = [];
  const enter = (name: string, options?: { goesAhead: boolean }) =>
    gate.pass(async () => void order.push(name), options);
  const tasks = [gate.pass(() => first.promise), enter('behind'), enter('ahead', { goesAhead: true })];
  await expect(enter('too late')).rejects.toThrow(GateClosed);
  await expect(enter('too late', { goesAhead: true })).rejects.toThrow(GateClosed);
  expect(gate.waiting()).toBe(2);
  first.resolve();
  await Promise.all(tasks);
  expect(order).toEqual(['ahead', 'behind']);
});

test('a short memory is bounded in number and in time, and empty when the clock was set back', () => {
  const memory = createShortMemory({ capacity: 2, keptFor: 10 });
  for (const text of ['a', 'b', 'c']) memory.add(text, 100);
  expect(['a', 'b', 'c'].map((text) => memory.has(text, 105))).toEqual([false, true, true]);
  expect(memory.has('b', 110)).toBe(false);
  expect(memory.has('c', 99)).toBe(false);
});
