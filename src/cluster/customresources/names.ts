import type { JsonObject } from '../../wire/kube/json.ts';
import type { ResourceTable } from '../../wire/kube/resources.ts';
import type { Condition } from './conditions.ts';
import type { Names } from './definition.ts';

/** What others in the group are called. */
interface Taken {
  /** Plurals, singulars and short names share one space, kinds and list kinds another. */
  readonly resources: ReadonlySet<string>;
  readonly kinds: ReadonlySet<string>;
}

/** The names a group uses without the resource `plural`. COMPAT: names of built-in resources count; upstream passes them over. */
export function takenNames(table: ResourceTable, group: string, plural: string): Taken {
  const others = table.definitions.filter(
    (one) => one.group === group && (one.resource !== plural || one.custom === undefined),
  );
  return {
    resources: new Set(others.flatMap((one) => [one.resource, one.singular, ...one.shortNames])),
    kinds: new Set(others.flatMap((one) => [one.kind, one.custom?.listKind ?? `${one.kind}List`])),
  };
}

export interface Naming {
  readonly accepted: JsonObject;
  readonly condition: Condition;
}

/**
 * Which of the wanted names a resource gets: those it has already, and those nobody else has. The last conflict is the
 * one that is told, as upstream does.
 */
export function acceptNames(wanted: Names, accepted: Names, taken: Taken): Naming {
  let conflict: { readonly reason: string; readonly message: string } | undefined;
  const isFree = (name: string, own: string, names: ReadonlySet<string>): boolean =>
    name === own || !names.has(name);
  const inUse = (name: string): string => `${JSON.stringify(name)} is already in use`;
  const choose = (
    member: 'plural' | 'singular' | 'kind' | 'listKind',
    names: ReadonlySet<string>,
  ): string => {
    if (isFree(wanted[member], accepted[member], names)) return wanted[member];
    const reason = `${member.charAt(0).toUpperCase()}${member.slice(1)}Conflict`;
    conflict = { reason, message: inUse(wanted[member]) };
    return accepted[member];
  };
  const plural = choose('plural', taken.resources);
  const singular = choose('singular', taken.resources);
  const clashing = wanted.shortNames.filter(
    (name) => !accepted.shortNames.includes(name) && taken.resources.has(name),
  );
  if (clashing.length > 0) {
    const messages = clashing.map(inUse);
    const message = messages.length === 1 ? (messages[0] ?? '') : `[${messages.join(', ')}]`;
    conflict = { reason: 'ShortNamesConflict', message };
  }
  const shortNames = clashing.length > 0 ? accepted.shortNames : wanted.shortNames;
  const kind = choose('kind', taken.kinds);
  const listKind = choose('listKind', taken.kinds);
  const { categories } = wanted;
  return {
    accepted: {
      plural,
      ...(singular !== '' && { singular }),
      ...(shortNames.length > 0 && { shortNames }),
      kind,
      ...(listKind !== '' && { listKind }),
      ...(categories.length > 0 && { categories }),
    },
    condition:
      conflict === undefined
        ? { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' }
        : { type: 'NamesAccepted', status: 'False', ...conflict },
  };
}
