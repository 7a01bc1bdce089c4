import type { PolicyFault } from './document.ts';
import type { Position } from './position.ts';

/** AWS's text for whatever has no text of its own (iam-facts A13). */
export const syntaxErrors = 'Syntax errors in policy.';
export const legacyParsing = 'The policy failed legacy parsing';

/** Carries a fault from deep inside the reading of a document to its one entry point; never leaves this folder. */
export class InvalidPolicy extends Error {
  readonly fault: PolicyFault;
  constructor(message: string, detail: string, position: Position) {
    super(message);
    this.fault = { message, detail, position };
  }
}
