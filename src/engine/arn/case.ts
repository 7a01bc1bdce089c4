/** ASCII lower case: `toLowerCase()` folds characters outside ASCII that must stay apart. */
export function lowerAscii(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
