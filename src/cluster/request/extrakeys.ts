import { invalidValue } from '../../wire/kube/fielderror.ts';
import { dnsSubdomainFindings } from '../../wire/kube/names.ts';

const pathFormat = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";
const pathPattern = /^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/;

/**
 * What is wrong with a key of a user's extra that must be a domain and a path (`acme.io/foo`), in the words of
 * apimachinery's `IsDomainPrefixedPath`; undefined for nothing.
 */
export function invalidExtraKey(key: string): string | undefined {
  const field = 'extra.key';
  const slash = key.indexOf('/');
  const [host, path] = slash < 0 ? ['', ''] : [key.slice(0, slash), key.slice(slash + 1)];
  const errors =
    host === '' || path === ''
      ? [invalidValue(field, key, 'must be a domain-prefixed path (such as "acme.io/foo")')]
      : [
          ...dnsSubdomainFindings(host).map((finding) => invalidValue(field, host, finding)),
          ...(pathPattern.test(path)
            ? []
            : [invalidValue(field, path, `Invalid path (regex used for validation is '${pathFormat}')`)]),
        ];
  const texts = errors.map(({ text }) => `${field}: ${text}`);
  return texts.length > 1 ? `[${texts.join(', ')}]` : texts[0];
}
