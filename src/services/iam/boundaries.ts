import { invalidInput } from './errors.ts';

/**
 * Refuses a permissions boundary.
 *
 * SECURITY: a boundary takes permissions away. Accepting one without enforcing it would leave its bearer with more
 * than whoever asked for it believes, so as long as none is enforced none is accepted.
 */
export function refuseBoundary(boundary: string | undefined): void {
  if (boundary === undefined) return;
  throw invalidInput('permissions boundaries are not available in Entryway yet, and none is ignored');
}
