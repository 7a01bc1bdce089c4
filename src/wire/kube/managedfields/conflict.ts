import { quote } from '../../../engine/rbac/quote.ts';
import { KubeStatusError, type StatusCause } from '../status.ts';
import { pathsOf } from './fieldset.ts';
import { pathText } from './fieldsv1.ts';
import type { ManagerIdentity } from './managers.ts';
import type { Conflict } from './ownership.ts';

/** More than a person reads; the number in front counts all. */
const maximumCauses = 500;

/** The 409 of an apply that would change what others own (kubernetes-facts D4.6, E14). `conflicts` is not empty. */
export function applyConflict(conflicts: readonly Conflict[]): KubeStatusError {
  let count = 0;
  const causes: StatusCause[] = [];
  const lines: string[] = [];
  for (const { owner, fields } of conflicts) {
    const who = ownerText(owner);
    const paths = [...pathsOf(fields)];
    const shown = paths.slice(0, maximumCauses - causes.length).map(pathText);
    count += paths.length;
    if (shown.length > 0) lines.push(`conflicts with ${who}:`);
    for (const field of shown) {
      causes.push({ reason: 'FieldManagerConflict', message: `conflict with ${who}`, field });
      lines.push(`- ${field}`);
    }
  }
  const [first] = causes;
  const message =
    count === 1 && first !== undefined
      ? `Apply failed with 1 conflict: ${first.message}: ${first.field}`
      : `Apply failed with ${count} conflicts: ${lines.join('\n')}`;
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
