import type { SigningCredentials } from '../wire/sigv4/sign.ts';

const settings = {
  aws_access_key_id: 'accessKeyId',
  aws_secret_access_key: 'secretAccessKey',
  aws_session_token: 'sessionToken',
} as const;

/**
 * The keys of a profile of a shared credentials file. Throws with what is missing.
 *
 * SECURITY: messages name profiles, settings and lines, never what stands there.
 */
export function parseSharedCredentials(text: string, profile: string): SigningCredentials {
  const found = new Map<string, string>();
  let current: string | undefined;
  let hasProfile = false;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    // Indented lines belong to the setting before them, none of which matters here.
    if (raw.trim() === '' || /^[\s#;]/.test(raw)) continue;
    const section = /^\[\s*([^\]\s]+)\s*\]\s*(?:[#;].*)?$/.exec(raw)?.[1];
    if (section !== undefined) {
      current = section;
      if (section === profile && hasProfile) throw new Error(`profile \`${profile}\` stands there twice`);
      hasProfile ||= section === profile;
      continue;
    }
    const at = raw.indexOf('=');
    if (at < 1 || current === undefined) throw new Error(`line ${index + 1} is no setting of a profile`);
    if (current !== profile) continue;
    const name = raw.slice(0, at).trim().toLowerCase();
    if (found.has(name)) throw new Error(`line ${index + 1} says \`${name}\` a second time`);
    found.set(name, raw.slice(at + 1).trim());
  }
  if (!hasProfile) throw new Error(`there is no profile \`${profile}\``);
  const read: { -readonly [Key in keyof SigningCredentials]?: string } = {};
  for (const [name, member] of Object.entries(settings)) {
    const value = found.get(name);
    if (value === undefined) continue;
    // They become headers.
    if (!/^[!-~]{1,4096}$/.test(value))
      throw new Error(`\`${name}\` of profile \`${profile}\` cannot be used`);
    read[member] = value;
  }
  const { accessKeyId, secretAccessKey, sessionToken } = read;
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw new Error(
      `profile \`${profile}\` has no \`aws_access_key_id\` or no \`aws_secret_access_key\`: only keys are read, not roles or processes`,
    );
  }
  if (!/^\w{16,128}$/.test(accessKeyId)) {
    throw new Error(`\`aws_access_key_id\` of profile \`${profile}\` cannot be used`);
  }
  return { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) };
}
