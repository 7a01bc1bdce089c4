/** What the prefix of a unique id says about its owner (iam-facts J3). */
const kinds = {
  AIDA: 'user',
  AROA: 'role',
  AGPA: 'group',
  ANPA: 'policy',
  ANVA: 'policyVersion',
  AIPA: 'instanceProfile',
  AKIA: 'accessKey',
  ASIA: 'sessionKey',
} as const;

export type UniqueIdKind = (typeof kinds)[keyof typeof kinds];

/** The kind of a unique id; undefined when the text is none (16 to 128 capitals and digits, known prefix). */
export function uniqueIdKind(text: string): UniqueIdKind | undefined {
  if (!/^[A-Z0-9]{16,128}$/.test(text)) return undefined;
  const prefix = text.slice(0, 4);
  return Object.hasOwn(kinds, prefix) ? kinds[prefix as keyof typeof kinds] : undefined;
}
