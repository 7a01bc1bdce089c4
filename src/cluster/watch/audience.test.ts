import { expect, test } from 'vitest';
import { createAudience, type Listener } from './audience.ts';
import { readChange } from './told.ts';

const form = { write: () => '{}', writeFirst: undefined };

function listener(): Listener & { readonly heard: string[] } {
  const heard: string[] = [];
  return {
    heard,
    hasBegun: false,
    push: ({ bytes }) => heard.push(bytes.toString('utf8')),
    fail: () => heard.push('failed'),
  };
}

const change = (value: string) => readChange({ key: 'k', value, revision: 2, previous: undefined });

test('an object that cannot be read ends the watches that select by it, and no others', () => {
  const [selecting, taking] = [listener(), listener()];
  const some = createAudience(form, ({ metadata }) => metadata.name === 'a');
  const all = createAudience(form, undefined);
  some.join(selecting);
  all.join(taking);
  for (const audience of [some, all]) {
    audience.tell(change('no JSON'));
    audience.settle();
  }
  expect(selecting.heard).toEqual(['failed']);
  expect(taking.heard).toEqual(['{"type":"ADDED","object":{}}\n']);
});
