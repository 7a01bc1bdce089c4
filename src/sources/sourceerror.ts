/**
 * Why a source cannot be used as it was named. `misuse`: what was asked for is not clear or does not exist, and `hint` says
 * what to write instead. `failure`: it is there and cannot be read.
 */
export class SourceError extends Error {
  readonly code: 'misuse' | 'failure';
  readonly hint: string | undefined;
  constructor(code: SourceError['code'], message: string, hint?: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SourceError';
    this.code = code;
    this.hint = hint;
  }
}
