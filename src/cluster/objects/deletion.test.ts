import { expect, test } from 'vitest';
import { deletionStep } from './deletion.ts';

const object = { apiVersion: 'v1', kind: 'Event', metadata: { name: 'e' } };

test.each([
  ['', 'gone'],
  ['events.k8s.io', 'gone'],
  ['acme.example', 'held'],
])('what is called events waits for its dependents unless it is an event: group `%s`', (group, outcome) => {
  const step = deletionStep({ group, resource: 'events' }, object, { propagation: 'Foreground' }, 0);
  expect(step.outcome).toBe(outcome);
});
