/** What a placeholder may be replaced with. An empty text is no value. */
export interface TemplateValues {
  readonly accountId: string;
  /** '' for whoever has no session. */
  readonly sessionName: string;
  readonly accessKeyId: string;
  /** Private DNS name of an instance; undefined or '' where it is not known. */
  readonly privateDnsName: (instanceId: string) => string | undefined;
}

export type Rendered =
  | { readonly ok: true; readonly text: string }
  | {
      readonly ok: false;
      readonly code: 'emptyPlaceholder' | 'noInstanceId' | 'unknownInstance';
      /** In our message style. */
      readonly message: string;
    };

const placeholder = /\{\{(AccountID|SessionName|SessionNameRaw|AccessKeyID|EC2PrivateDNSName)\}\}/g;
/** `i-` and 8 or 17 word characters, as the authenticator takes for an instance id (token-facts 7.2). */
const instanceId = /^i-(?:\w{8}|\w{17})$/;

/**
 * Fills a username or group template (token-facts 7.2). Placeholders are case-sensitive and without blanks; anything
 * else in braces stays as it is.
 *
 * SECURITY: one pass, so that a value cannot bring a placeholder of its own; and a used placeholder without a value
 * is a refusal, because `admin:{{SessionName}}` would otherwise be the same user for everybody without a session.
 * COMPAT: the authenticator fills one placeholder after another and accepts empty values.
 */
export function renderTemplate(template: string, values: TemplateValues): Rendered {
  let failure: Extract<Rendered, { ok: false }> | undefined;
  const text = template.replace(placeholder, (whole, name: string) => {
    const value = valueFor(name, values);
    if (typeof value === 'string' && value !== '') return value;
    failure ??= typeof value === 'object' ? value : emptyValue(whole);
    return '';
  });
  return failure ?? { ok: true, text };
}

function valueFor(name: string, values: TemplateValues): string | Extract<Rendered, { ok: false }> {
  switch (name) {
    case 'AccountID':
      return values.accountId;
    case 'SessionName':
      return values.sessionName.replaceAll('@', '-');
    case 'SessionNameRaw':
      return values.sessionName;
    case 'AccessKeyID':
      return values.accessKeyId;
    default:
      return privateDnsName(values);
  }
}

function privateDnsName({ sessionName, privateDnsName }: TemplateValues): ReturnType<typeof valueFor> {
  if (!instanceId.test(sessionName) || sessionName.endsWith('\n')) {
    return {
      ok: false,
      code: 'noInstanceId',
      message: `session name \`${printable(sessionName)}\` is no instance id, which \`{{EC2PrivateDNSName}}\` needs`,
    };
  }
  const name = privateDnsName(sessionName);
  if (name !== undefined && name !== '') return name;
  return {
    ok: false,
    code: 'unknownInstance',
    message: `the private DNS name of instance \`${sessionName}\` is not known here, which \`{{EC2PrivateDNSName}}\` needs`,
  };
}

function emptyValue(whole: string): Extract<Rendered, { ok: false }> {
  return { ok: false, code: 'emptyPlaceholder', message: `\`${whole}\` has no value for this caller` };
}

/** Control characters out of a message: the name is the caller's choice. */
function printable(text: string): string {
  return text.replace(/[^\u0020-\u007e]/g, '?');
}
