import { difference, type FieldSet, fieldSetOfPaths, union } from './fieldset.ts';

/** One manager of an object: somebody who writes it through one version and subresource, by one operation. */
export interface ManagerIdentity {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  /** '' for the object itself. */
  readonly subresource: string;
}

export interface Manager extends ManagerIdentity {
  /** RFC 3339; '' when the entry had none. */
  readonly time: string;
  readonly fields: FieldSet;
}

export type Managers = readonly Manager[];

/** Most managers by other operations than apply; older ones are put together (kubernetes-facts E13, upstream's cap). */
const maximumUpdateManagers = 10;
/** Most managers of one object that are read or kept. */
export const maximumManagers = 128;

const ancient = 'ancient-changes';
/** Who owns the fields of an object whose managers were not known when it was first applied. */
export const beforeFirstApply = 'before-first-apply';

/** An applier is the same whatever version it writes. */
export function managerKey(one: ManagerIdentity): string {
  const { manager, operation, apiVersion, subresource } = one;
  return JSON.stringify([manager, operation, operation === 'Apply' ? '' : apiVersion, subresource]);
}

export function isSameManager(left: ManagerIdentity, right: ManagerIdentity): boolean {
  return (
    left.manager === right.manager &&
    left.operation === right.operation &&
    left.subresource === right.subresource &&
    (left.operation === 'Apply' || left.apiVersion === right.apiVersion)
  );
}

const f = (...names: readonly string[]): readonly string[] => names.map((name) => `f:${name}`);

/** What nobody owns: the server alone writes it, or it names the object. */
const unowned: FieldSet = fieldSetOfPaths([
  f('apiVersion'),
  f('kind'),
  f('metadata'),
  ...[
    'name',
    'namespace',
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
    'selfLink',
    'uid',
    'generation',
    'managedFields',
    'resourceVersion',
  ].map((name) => f('metadata', name)),
]);

export function ownable(fields: FieldSet): FieldSet {
  return difference(fields, unowned);
}

/** Puts the oldest updaters of a version together until there are few enough. */
export function capUpdaters(managers: Managers): Managers {
  const updaters = managers.filter(({ operation }) => operation === 'Update');
  if (updaters.length <= maximumUpdateManagers) return managers;
  const oldestFirst = [...updaters].sort(
    (left, right) => compareText(left.time, right.time) || compareText(managerKey(left), managerKey(right)),
  );
  let left = updaters.length;
  const gone = new Set<Manager>();
  const first = new Map<string, Manager>();
  const buckets = new Map<string, Manager>();
  for (const one of oldestFirst) {
    if (left <= maximumUpdateManagers) break;
    const earlier = buckets.get(one.apiVersion) ?? first.get(one.apiVersion);
    if (earlier === undefined) {
      first.set(one.apiVersion, one);
      continue;
    }
    gone.add(one);
    gone.add(earlier);
    buckets.set(one.apiVersion, {
      manager: ancient,
      operation: 'Update',
      apiVersion: one.apiVersion,
      subresource: '',
      time: one.time,
      fields: union(earlier.fields, one.fields),
    });
    left -= 1;
  }
  return [...managers.filter((one) => !gone.has(one)), ...buckets.values()];
}

export function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
