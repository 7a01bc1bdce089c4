/** The one media type kubectl asks `/openapi/v2` for (kubernetes-facts D2.4). */
const askedType = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
/** The same where it is answered: `@` is no character of a media type, and kubectl refuses to read one that has it. */
const answeredType = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

/**
 * The answer of `/openapi/v2`: a document without schemas. kubectl asks for it to check a manifest of kind `List`, for
 * which OpenAPI v3 has no PATCH, and refuses the manifest when there is none; a kind it does not find there it leaves
 * to the server's own field validation.
 */
export function openApiV2(
  version: string,
  accept: string | undefined,
): { readonly contentType: string; readonly body: string } {
  const info = { title: 'Kubernetes', version };
  return accept?.includes(askedType)
    ? {
        contentType: answeredType,
        body: text(1, '2.0') + text(2, text(1, info.title) + text(2, info.version)),
      }
    : { contentType: 'application/json', body: JSON.stringify({ swagger: '2.0', info, paths: {} }) };
}

/** A length-delimited protobuf field. Everything here is ASCII and short, so one character is one byte. */
function text(field: number, content: string): string {
  if (content.length > 127) throw new RangeError('a length of more than one byte');
  return String.fromCharCode((field << 3) | 2, content.length) + content;
}
