import { stringify } from 'yaml';
import type { MigrationPlan } from '../../engine/analysis/migrate/plan.ts';
import { rbacManifest } from '../../engine/rbac/manifest.ts';

/** The new bindings for `kubectl apply -f -`; nothing where none is needed. */
export function bindingManifests({ bindings }: Pick<MigrationPlan, 'bindings'>): string {
  return bindings
    .map((binding) => stringify(rbacManifest(binding), { aliasDuplicateObjects: false, lineWidth: 0 }))
    .join('---\n');
}
