import { indexPieces, piecesOf } from '../../engine/analysis/whatcan/pieces.ts';
import { compareVerbs } from '../../engine/analysis/whatcan/rules.ts';
import type { PolicyRule } from '../../engine/rbac/rules.ts';
import { renderTable } from '../render/table.ts';

const columns = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'] as const;
const shortTitles: Readonly<Record<string, string>> = { deletecollection: 'delete all' };

/** Resources by verbs: resources with equal verbs share a row, and a tick says that a rule, perhaps a wider one, allows it. */
export function renderMatrix(rules: readonly PolicyRule[]): string {
  const rows = [...resourceRows(rules), ...pathRows(rules)];
  const others = rows.some(({ verbs }) => otherVerbs(verbs).length > 0);
  return renderTable(
    [
      { title: 'resources', width: 64 },
      ...columns.map((verb) => ({ title: shortTitles[verb] ?? verb })),
      ...(others ? [{ title: 'other verbs', width: 40 }] : []),
    ],
    rows.map(({ label, verbs }) => [
      label,
      ...columns.map((verb) => (verbs.includes(verb) || verbs.includes('*') ? '✓' : '')),
      ...(others ? [otherVerbs(verbs).join(', ')] : []),
    ]),
  );
}

interface Row {
  readonly label: string;
  readonly verbs: readonly string[];
}

function otherVerbs(verbs: readonly string[]): readonly string[] {
  const others = verbs.filter((verb) => !columns.some((column) => column === verb));
  return others.includes('*') ? ['all'] : others;
}

/** One row for the resources of equal verbs and names. */
function resourceRows(rules: readonly PolicyRule[]): readonly Row[] {
  const pieces = piecesOf(rules);
  // Rules too many to be taken apart stand as they are, and then what each says itself is told.
  if (pieces === undefined) {
    return rules
      .filter(({ resources }) => resources.length > 0)
      .map(({ verbs, apiGroups, resources, resourceNames }) => ({
        verbs,
        label: labelOf(
          new Map(apiGroups.slice(0, groupsTold).map((group) => [group, resources])),
          resourceNames,
        ),
      }));
  }
  const index = indexPieces(pieces);
  const verbs = [...new Set(rules.flatMap((rule) => rule.verbs))].sort(compareVerbs);
  const seen = new Set<string>();
  const rows = new Map<
    string,
    { verbs: readonly string[]; names: readonly string[]; byGroup: Map<string, string[]> }
  >();
  for (const { apiGroups, resources, resourceNames } of rules) {
    for (const group of apiGroups) {
      for (const resource of resources) {
        const key = JSON.stringify([group, resource, resourceNames]);
        if (seen.has(key)) continue;
        seen.add(key);
        const names = resourceNames.length === 0 ? [undefined] : resourceNames;
        const held = verbs.filter((verb) =>
          names.every((name) => index.covers({ verb, group, resource, name })),
        );
        const rowKey = JSON.stringify([held, resourceNames]);
        const row = rows.get(rowKey) ?? {
          verbs: held,
          names: resourceNames,
          byGroup: new Map<string, string[]>(),
        };
        const known = row.byGroup.get(group);
        if (known === undefined) row.byGroup.set(group, [resource]);
        else known.push(resource);
        rows.set(rowKey, row);
      }
    }
  }
  return [...rows.values()].map((row) => ({ verbs: row.verbs, label: labelOf(row.byGroup, row.names) }));
}

function labelOf(byGroup: ReadonlyMap<string, readonly string[]>, names: readonly string[]): string {
  const lines = [...byGroup].map(([group, resources]) => resourcesText(group, resources));
  const named = names.length === 0 ? [] : [`only those named ${listText(names)}`];
  return [...lines, ...named].join('\n');
}

/** A cell of thousands of names is read by nobody; rules (`--rules`, `-o json`) have them all. */
const namesTold = 60;
/** Of rules that are too many to be taken apart. */
const groupsTold = 5;

function listText(names: readonly string[]): string {
  const more = names.length - namesTold;
  return more <= 0
    ? names.join(', ')
    : `${names.slice(0, namesTold).join(', ')} and ${more} more (all with -o json)`;
}

/** `pods, secrets`, `apps: deployments`, `everything`. */
function resourcesText(group: string, resources: readonly string[]): string {
  const all = resources.includes('*');
  if (group === '*') return all ? 'everything' : `any group: ${listText(resources)}`;
  if (group === '') return all ? 'everything of the core group' : listText(resources);
  return all ? `everything of ${group}` : `${group}: ${listText(resources)}`;
}

function pathRows(rules: readonly PolicyRule[]): readonly Row[] {
  return rules
    .filter(({ nonResourceURLs }) => nonResourceURLs.length > 0)
    .map(({ nonResourceURLs, verbs }) => ({
      verbs,
      label: nonResourceURLs.includes('*') ? 'every path' : `paths ${nonResourceURLs.join(', ')}`,
    }));
}

/** A rule in one line: `get, list: pods, secrets; apps: deployments`. */
export function ruleText({
  verbs,
  apiGroups,
  resources,
  resourceNames,
  nonResourceURLs,
}: PolicyRule): string {
  const what =
    nonResourceURLs.length > 0
      ? `paths ${nonResourceURLs.join(', ')}`
      : apiGroups.map((group) => resourcesText(group, resources)).join('; ');
  const named = resourceNames.length === 0 ? '' : `, only those named ${resourceNames.join(', ')}`;
  return `${verbs.includes('*') ? 'all verbs' : verbs.join(', ')}: ${what}${named}`;
}
