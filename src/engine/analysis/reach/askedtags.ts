import type { RoleSession } from '../iamworld/answer.ts';

type Context = Readonly<Record<string, string | readonly string[]>>;

/**
 * What is known of a call that asks for a session with these tags, all of them transitive. Inherited ones are asked for like
 * those that are passed (services/authorization/rolesession.ts).
 */
export function askedTags(tags: RoleSession['tags']): Context {
  const keys = Object.keys(tags);
  return {
    ...{ 'aws:TagKeys': keys, 'sts:TransitiveTagKeys': keys, 'sts:SourceIdentity': [] },
    ...Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:RequestTag/${key}`, value])),
  };
}
