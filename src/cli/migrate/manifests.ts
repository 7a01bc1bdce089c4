import type { MigrationPlan } from '../../engine/analysis/migrate/plan.ts';
import { rbacManifest } from '../../engine/rbac/manifest.ts';
import { yamlText } from './yamltext.ts';

/** The new bindings for `kubectl apply -f -`; nothing where none is needed. */
export function bindingManifests({ bindings }: Pick<MigrationPlan, 'bindings'>): string {
  return bindings.map((binding) => yamlText(rbacManifest(binding))).join('---\n');
}
