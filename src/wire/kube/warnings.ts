const maximumText = 256;
/** A client that reads 16 KiB of headers must be able to read ours; Kubernetes stops there, too. */
const maximumLength = 4_096;

/**
 * Values of the `Warning` header (RFC 9111, 5.5, as Kubernetes writes it: code 299, no agent): one for each text as long
 * as there is room. What cannot stand in a header is replaced, long texts are cut.
 */
export function warningHeaders(texts: Iterable<string>): readonly string[] {
  const warnings: string[] = [];
  let left = maximumLength;
  for (const text of texts) {
    const shown = text.length > maximumText ? `${text.slice(0, maximumText)}...` : text;
    const quoted = shown
      .replace(/[^\x20-\x7e]/g, '?')
      .replaceAll('\\', '\\\\')
      .replaceAll('"', '\\"');
    const warning = `299 - "${quoted}"`;
    left -= warning.length;
    if (left < 0) break;
    warnings.push(warning);
  }
  return warnings;
}
