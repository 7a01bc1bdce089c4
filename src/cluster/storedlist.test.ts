import { expect, test } from 'vitest';
import type { KubeObject } from './objects/object.ts';
import { readObject, writeObject } from './objects/store.ts';
import { listPieces, textOrPieces } from './storedlist.ts';

const entries = (count: number) =>
  Array.from({ length: count }, (_, at) => {
    const name = `n${at}`;
    const object = {
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: { name },
      data: { text: 'ü"\\\n'.repeat(900) },
    };
    return { key: name, value: writeObject(name, object).value, revision: at + 1 };
  });
const renamed = (object: KubeObject): KubeObject => ({ ...object, kind: 'Renamed' });
const envelope = (items: readonly KubeObject[]) => ({ kind: 'ConfigMapList', metadata: { a: '1' }, items });

test.each([0, 1, 50, 51, 200])('%i objects in pieces are the list they are pieces of', (count) => {
  const stored = entries(count);
  for (const view of [undefined, renamed]) {
    const objects = stored.map(readObject).map(view ?? ((object) => object));
    // The second and third time the same array is sent its pieces may be shared.
    for (let time = 0; time < 3; time += 1) {
      const body = textOrPieces(listPieces({ entries: stored, view }, { envelope, isWhole: true }));
      const text = typeof body === 'string' ? body : [...body].join('');
      expect(JSON.parse(text)).toEqual(envelope(objects));
      expect(text.endsWith('}\n')).toBe(true);
    }
    const names = (items: readonly KubeObject[]) => ({
      rows: items.map(({ metadata }) => metadata.name ?? ''),
    });
    const rows = [...listPieces({ entries: stored, view }, { envelope: names, isWhole: false })].join('');
    expect(JSON.parse(rows)).toEqual(names(objects));
  }
});
