import { quote } from '../quote.ts';
import { KubeStatusError, type StatusCause } from '../status.ts';
import { pathsOf } from './fieldset.ts';
import { pathText } from './fieldsv1.ts';
import type { ManagerIdentity } from './managers.ts';
import type { Conflict } from './ownership.ts';

/** More than a person reads; the number in front counts all. */
const maximumCauses = 500;

/** The 409 of an apply that would change what others own (kubernetes-facts D4.6, E14). `conflicts` is not empty. */
export function applyConflict(conflicts: readonly Conflict[]): KubeStatusError {
  const owners = conflicts.map(({ owner, fields }) => ({
    owner: ownerText(owner),
    paths: [...pathsOf(fields)].map(pathText),
  }));
  const count = owners.reduce((sum, { paths }) => sum + paths.length, 0);
  const causes: StatusCause[] = [];
  for (const { owner, paths } of owners) {
    for (const field of paths.slice(0, maximumCauses - causes.length)) {
      causes.push({ reason: 'FieldManagerConflict', message: `conflict with ${owner}`, field });
    }
  }
  const [first] = causes;
  const message =
    count === 1 && first !== undefined
      ? `Apply failed with 1 conflict: ${first.message}: ${first.field}`
      : `Apply failed with ${count} conflicts: ${owners
          .flatMap(({ owner, paths }) => [
            `conflicts with ${owner}:`,
            ...paths.slice(0, maximumCauses).map((path) => `- ${path}`),
          ])
          .join('\n')}`;
  return new KubeStatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason: 'Conflict',
    details: { causes },
    code: 409,
  });
}

function ownerText({ manager, operation, apiVersion, subresource }: ManagerIdentity): string {
  const through = subresource === '' ? '' : ` with subresource ${quote(subresource)}`;
  const version = operation === 'Update' ? ` using ${apiVersion}` : '';
  return `${quote(manager)}${through}${version}`;
}
