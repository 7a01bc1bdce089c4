import { type CompiledPolicy, compileStoredPolicy } from '../../engine/iam/compile.ts';
import type { SessionContext } from '../../engine/iam/principal.ts';
import type { ManagedPolicies } from './managedpolicies.ts';

/** Compiled session policies of a caller. */
export interface SessionPolicies {
  /**
   * Undefined when the session was made without any, so that nothing is narrowed. A list, also an empty one, narrows
   * to what it allows (iam-facts E7).
   */
  of(accountId: string, session: SessionContext | undefined): Promise<readonly CompiledPolicy[] | undefined>;
}

/**
 * Inline texts are kept compiled by their text: a session carries its text in every request. Bounded; the one used
 * longest ago goes. COMPAT: managed session policies are judged in their current default version, and one that was
 * deleted denies everything.
 */
export function createSessionPolicies(
  managed: Pick<ManagedPolicies, 'get'>,
  { capacity = 1000 }: { readonly capacity?: number } = {},
): SessionPolicies {
  const compiled = new Map<string, CompiledPolicy>();
  const inlinePolicy = (text: string): CompiledPolicy => {
    const known = compiled.get(text);
    const policy = known ?? compileStoredPolicy(text, 'session', { type: 'session', name: 'inline' });
    if (known !== undefined) compiled.delete(text);
    compiled.set(text, policy);
    const [oldest] = compiled.keys();
    if (compiled.size > capacity && oldest !== undefined) compiled.delete(oldest);
    return policy;
  };
  return {
    async of(accountId, session) {
      const policies = session?.policies;
      if (policies === undefined) return undefined;
      const attached = await Promise.all(policies.arns.map((arn) => managed.get(accountId, arn, 'session')));
      return policies.inline === undefined ? attached : [inlinePolicy(policies.inline), ...attached];
    },
  };
}
