import type { Operations } from '../operation.ts';
import { blockOperations } from './blocks.ts';
import { breakGlassOperations } from './breakglass.ts';
import type { EntrywayDeps } from './deps.ts';

/** Every operation of ours that is served, by its name in `wire/protocols/entryway.ts`. */
export function createEntrywayOperations(deps: EntrywayDeps): Operations {
  return {
    ...blockOperations(deps),
    ...breakGlassOperations(deps),
  };
}
