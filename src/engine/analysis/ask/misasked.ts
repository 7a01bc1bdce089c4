/** What was asked cannot be answered as it was put: whoever asked has to say it otherwise, and `hint` says how. */
export class Misasked extends Error {
  readonly hint: string | undefined;
  constructor(message: string, hint?: string) {
    super(message);
    this.name = 'Misasked';
    this.hint = hint;
  }
}
