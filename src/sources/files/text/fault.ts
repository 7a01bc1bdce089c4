/** What is wrong with a text, and where: an offset into it. */
export class TextFault extends Error {
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(message);
    this.name = 'TextFault';
    this.offset = offset;
  }
}

/** Deeper than anything that is read here, shallow enough for any stack. */
export const deepest = 200;
export const tooDeep = `it is nested deeper than ${deepest}`;
export const repeatedName = (name: string): string => `the name \`${name.slice(0, 100)}\` is given twice`;
