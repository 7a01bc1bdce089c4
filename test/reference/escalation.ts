/** kubernetes-facts B20 as its sentences stand: wanted rules in their smallest pieces, each against one rule at a time. */
import type { PolicyRule } from '../../src/engine/rbac/rules.ts';

export interface Piece {
  readonly verb: string;
  /** Of a resource: its group, itself as the rule writes it, and one name; undefined where the rule lists none. */
  readonly resource?: {
    readonly group: string;
    readonly resource: string;
    readonly name: string | undefined;
  };
  readonly url?: string;
}

export function piecesOf(rules: readonly PolicyRule[]): readonly Piece[] {
  const pieces: Piece[] = [];
  for (const rule of rules) {
    for (const verb of rule.verbs) {
      for (const url of rule.nonResourceURLs) pieces.push({ verb, url });
      for (const group of rule.apiGroups) {
        for (const resource of rule.resources) {
          if (rule.resourceNames.length === 0)
            pieces.push({ verb, resource: { group, resource, name: undefined } });
          for (const name of rule.resourceNames) pieces.push({ verb, resource: { group, resource, name } });
        }
      }
    }
  }
  return pieces;
}

/** The pieces that no single owned rule covers. */
export function missingPieces(owned: readonly PolicyRule[], wanted: readonly PolicyRule[]): readonly Piece[] {
  return piecesOf(wanted).filter((piece) => !owned.some((rule) => covers(rule, piece)));
}

function covers(rule: PolicyRule, { verb, resource: asked, url }: Piece): boolean {
  if (!rule.verbs.includes('*') && !rule.verbs.includes(verb)) return false;
  if (asked === undefined) {
    // A piece without names needs an owner without names, also where it is about a URL.
    return (
      rule.resourceNames.length === 0 &&
      rule.nonResourceURLs.some(
        (own) => own === url || (/\*$/.test(own) && url?.startsWith(own.replace(/\*+$/, '')) === true),
      )
    );
  }
  const { group, resource, name } = asked;
  const subresource = /^[^/]*\/(.*)$/s.exec(resource)?.[1];
  return (
    (rule.apiGroups.includes('*') || rule.apiGroups.includes(group)) &&
    rule.resources.some(
      (own) => own === '*' || own === resource || (subresource !== undefined && own === `*/${subresource}`),
    ) &&
    (rule.resourceNames.length === 0 || (name !== undefined && rule.resourceNames.includes(name)))
  );
}
