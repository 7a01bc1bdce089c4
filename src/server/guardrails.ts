import { compilePolicy } from '../engine/iam/compile.ts';
import type { Statement } from '../engine/iam/document.ts';
import type { GuardrailLevel, Guardrails } from '../engine/iam/evaluate.ts';
import type { Position } from '../engine/iam/position.ts';
import { validatePolicy } from '../engine/iam/validate.ts';
import { ConfigError } from './config.ts';

/** A policy document that the operator named on the command line. */
export interface PolicyFile {
  readonly name: string;
  readonly text: string;
}

/**
 * What an organization would set above the accounts of this server: each document is a level of its own, as if it were
 * the only policy attached there (iam-facts E8, E9). Undefined when there is none. Throws ConfigError with the place in
 * the file: a guardrail that does not work as written must not look as if it did.
 */
export function parseGuardrails(files: {
  readonly serviceControl: readonly PolicyFile[];
  readonly resourceControl: readonly PolicyFile[];
}): Guardrails | undefined {
  const serviceControl = files.serviceControl.map((file) => parseLevel(file, 'scp'));
  const resourceControl = files.resourceControl.map((file) => parseLevel(file, 'rcp'));
  if (serviceControl.length + resourceControl.length === 0) return undefined;
  return {
    ...(serviceControl.length > 0 && { serviceControl }),
    ...(resourceControl.length > 0 && { resourceControl }),
  };
}

const options = { scp: '--service-control-policy', rcp: '--resource-control-policy' } as const;

function parseLevel({ name, text }: PolicyFile, kind: keyof typeof options): GuardrailLevel {
  const refuse = (detail: string, { line, column }: Position): ConfigError =>
    new ConfigError(`${options[kind]} \`${name}\` line ${line}, column ${column}: ${detail}`);
  const result = validatePolicy(text, kind);
  if (!result.ok) throw refuse(result.fault.detail, result.fault.position);
  const { version, statements } = result.document;
  // SECURITY: in older versions variables are plain text, so that a Deny with one would deny nobody (iam-facts A4).
  if (version !== '2012-10-17') throw refuse('`Version` is not `2012-10-17`', { line: 1, column: 1 });
  for (const statement of kind === 'rcp' ? statements : []) {
    const fault = resourceControlFault(statement);
    if (fault !== undefined) throw refuse(...fault);
  }
  return [compilePolicy(result.document, { type: kind, name })];
}

/**
 * AWS takes neither: an Allow would limit nothing, since AWS's own policy allows everything beside it (iam-facts E9), and
 * a Deny of one principal could mean somebody else once the name is given anew.
 */
function resourceControlFault({
  effect,
  principal,
  start,
}: Statement): readonly [string, Position] | undefined {
  if (effect === 'Allow') return ['a resource control policy can only deny', start];
  const named = principal?.entries.find(({ type, value }) => type !== 'AWS' || value !== '*');
  return named && ['the principal of a resource control policy is `*`', named.position];
}
