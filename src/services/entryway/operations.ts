import type { Operations } from '../operation.ts';
import { breakGlassOperations } from './breakglass.ts';
import type { EntrywayDeps } from './deps.ts';

/** Every operation of ours that is served, by its name in `wire/protocols/entryway.ts`. */
export function createEntrywayOperations(deps: EntrywayDeps): Operations {
  return {
    ...breakGlassOperations(deps),
  };
}
