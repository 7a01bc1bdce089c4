/**
 * Base64 with its padding, where two texts are the same exactly when their bytes are: unused bits are zero. Undefined
 * for anything else.
 */
export function parseBase64(text: string): string | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*(?:[AQgw]==|[A-Za-z0-9+/][AEIMQUYcgkosw048]=)?$/.test(text)) {
    return undefined;
  }
  return text;
}
