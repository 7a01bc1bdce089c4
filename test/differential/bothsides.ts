/** A cluster that the engine and the reference know alike, through every change. */
import { type Authorizer, createAuthorizer } from '../../src/engine/authorizer/authorizer.ts';
import type { RbacObject } from '../../src/engine/rbac/objects.ts';
import type { World, WorldEntry, WorldPolicy } from '../reference/authorizer.ts';
import type { Random } from './random.ts';
import { randomEntry, randomObject, randomPolicy, times } from './world.ts';

export interface BothSides {
  readonly authorizer: Authorizer;
  readonly objects: ReadonlyMap<string, RbacObject>;
  /** Adds, replaces or removes one object, one entry and one policy. */
  change(): void;
  passTime(): void;
  /** As it is now. */
  world(): World;
}

/** `KIND/NAMESPACE/NAME` */
const keyOf = (object: RbacObject): string =>
  `${object.kind}/${'namespace' in object ? object.namespace : ''}/${object.name}`;

export function createBothSides(random: Random): BothSides {
  let now: number = random.pick(times);
  const authorizer = createAuthorizer({ partition: 'aws', now: () => now });
  const objects = new Map<string, RbacObject>();
  const entries = new Map<string, WorldEntry>();
  const policies = new Map<string, WorldPolicy>();
  const entriesCount = random.chance(0.9);
  authorizer.useEntries(entriesCount);
  const change = (): void => {
    const object = randomObject(random);
    if (random.chance(0.7)) {
      authorizer.applyObject(object);
      objects.set(keyOf(object), object);
    } else {
      const namespace = 'namespace' in object ? object.namespace : '';
      authorizer.removeObject({ kind: object.kind, namespace, name: object.name });
      objects.delete(keyOf(object));
    }
    const entry = randomEntry(random);
    if (random.chance(0.7)) {
      authorizer.applyEntry(entry);
      entries.set(entry.principalArn, entry);
    } else {
      authorizer.removeEntry(entry.principalArn);
      entries.delete(entry.principalArn);
    }
    const policy = randomPolicy(random);
    if (random.chance(0.7)) {
      authorizer.applyPolicy({ ...policy, name: 'own', version: 1 });
      policies.set(policy.policyArn, policy);
    } else {
      authorizer.removePolicy(policy.policyArn);
      policies.delete(policy.policyArn);
    }
  };
  for (let step = 20 + random.below(60); step > 0; step--) change();
  return {
    authorizer,
    objects,
    change,
    passTime() {
      now = random.pick(times);
    },
    world: () => ({
      partition: 'aws',
      entriesCount,
      now,
      policies: [...policies.values()],
      entries: [...entries.values()],
      objects: [...objects.values()],
    }),
  };
}
