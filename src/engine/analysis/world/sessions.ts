import type { PrefixIndex } from './prefixes.ts';

/**
 * Which session names matter: whoever assumes a role chooses the name, and a mapping may make it part of the Kubernetes
 * username or of a group. Then the role can be everybody that a binding names and the template can render.
 */
export interface SessionWish {
  readonly sessionName: string;
  /** Of a template with `{{EC2PrivateDNSName}}`: what the instance of the session's name is called. */
  readonly privateDnsName?: string;
}

/** Stands for any session name in what is shown. */
export const anySession = 'SESSION';
const anyInstance = 'i-00000000000000000';
const anyInstanceName = 'INSTANCE';
const placeholder = /\{\{(SessionName|SessionNameRaw|EC2PrivateDNSName)\}\}/g;
const validSessionName = /^[\w+=,.@-]{2,64}$/;

export function dependsOnSession(templates: readonly string[]): boolean {
  return templates.some((template) => template.search(placeholder) >= 0);
}

/** The sessions worth looking at: one that stands for all, then one for each bound name that a template can become. */
export function sessionWishes(
  { username, groups }: { readonly username: string; readonly groups: readonly string[] },
  bound: { readonly users: PrefixIndex; readonly groups: PrefixIndex },
): readonly SessionWish[] {
  const templates = [username, ...groups];
  const ofInstances = templates.some((template) => template.includes('{{EC2PrivateDNSName}}'));
  const values = new Set<string>();
  // Looking at every name for every role would take hours where there are many of both.
  for (const name of bound.users.startingWith(fixedStart(username))) addValues(username, name, values);
  for (const template of groups) {
    for (const name of bound.groups.startingWith(fixedStart(template))) addValues(template, name, values);
  }
  if (ofInstances) {
    const names = [anyInstanceName, ...[...values].filter((name) => /^[a-z0-9.-]+$/i.test(name))];
    return names.map((privateDnsName, at) => ({
      sessionName: `${anyInstance.slice(0, -String(at).length)}${at}`,
      privateDnsName,
    }));
  }
  return [
    anySession,
    ...[...values].filter((name) => validSessionName.test(name) && name !== anySession),
  ].map((sessionName) => ({ sessionName }));
}

function fixedStart(template: string): string {
  const at = template.search(placeholder);
  return at < 0 ? template : template.slice(0, at);
}

/** What stands in the placeholders' places where the template renders to `name`; several only for odd templates. */
function addValues(template: string, name: string, values: Set<string>): void {
  const pieces = template.split(/\{\{(?:SessionName|SessionNameRaw|EC2PrivateDNSName)\}\}/);
  const count = pieces.length - 1;
  if (count === 0) return;
  const fixed = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const length = (name.length - fixed) / count;
  const first = pieces[0] ?? '';
  if (!Number.isInteger(length) || length < 1 || !name.startsWith(first)) return;
  let position = first.length;
  for (let at = 1; at <= count; at++) {
    values.add(name.slice(position, position + length));
    position += length + (pieces[at]?.length ?? 0);
  }
}
