import type { ClusterRoleBinding, RbacObject, RoleBinding, Subject } from '../../rbac/objects.ts';
import { subjectIdentity } from '../../rbac/subjects.ts';
import { type NewName, newPrefix } from './names.ts';

type Binding = ClusterRoleBinding | RoleBinding;

/**
 * Bindings that give the new names what the old ones have: one beside each binding that names an old one, for the same
 * role in the same place. Those that are there already are not made again. Of a username that is a template the new one is
 * bound wherever the old one can be what is bound.
 */
export function rebindings(rbac: readonly RbacObject[], newNames: readonly NewName[]): readonly Binding[] {
  if (newNames.length === 0) return [];
  const groups = new Map(newNames.filter(({ is }) => is === 'Group').map(({ old, name }) => [old, name]));
  const users = newNames.filter(({ is }) => is === 'User').map(({ old }) => matcherOf(old));
  const taken = new Set(rbac.map(keyOf));
  const bindings = rbac.filter(
    (object) => object.kind === 'ClusterRoleBinding' || object.kind === 'RoleBinding',
  );
  const bound = new Set(
    bindings.flatMap((binding) => binding.subjects.map((subject) => grantKey(binding, subject))),
  );
  return bindings.flatMap((binding): readonly Binding[] => {
    const subjects = binding.subjects.flatMap((subject): readonly Subject[] => {
      // aws-auth may call somebody as a service account is called, and then what that may do counts as well.
      const old = subjectIdentity(subject, binding.kind === 'RoleBinding' ? binding.namespace : '');
      if (old === undefined) return [];
      const isUser = old.is === 'user';
      const name = isUser
        ? users.some((isOld) => isOld(old.name))
          ? `${newPrefix}${old.name}`
          : undefined
        : groups.get(old.name);
      if (name === undefined) return [];
      const added: Subject = { kind: isUser ? 'User' : 'Group', name, namespace: '' };
      const key = grantKey(binding, added);
      if (bound.has(key)) return [];
      bound.add(key);
      return [added];
    });
    if (subjects.length === 0) return [];
    const made = { ...binding, name: freeName(binding, taken), subjects };
    taken.add(keyOf(made));
    return [made];
  });
}

function freeName(binding: Binding, taken: ReadonlySet<string>): string {
  const plain = `${binding.name}-from-aws-auth`;
  let name = plain;
  for (let at = 2; taken.has(keyOf({ ...binding, name })); at++) name = `${plain}-${at}`;
  return name;
}

function keyOf(object: RbacObject): string {
  return `${object.kind} ${'namespace' in object ? object.namespace : ''} ${object.name}`;
}

function grantKey(binding: Binding, { kind, name }: Subject): string {
  const { kind: bindingKind, roleRef } = binding;
  const namespace = bindingKind === 'RoleBinding' ? binding.namespace : '';
  return `${bindingKind} ${namespace} ${roleRef.kind} ${roleRef.name} ${kind} ${name}`;
}

const sessionName = /^[\w+=,.@-]{2,64}$/;

/** Whether a template can render to the name: all its placeholders stand for the one name a session has. */
function matcherOf(template: string): (name: string) => boolean {
  const pieces = template.split(/\{\{(?:SessionName|SessionNameRaw)\}\}/);
  const count = pieces.length - 1;
  if (count === 0) return (name) => name === template;
  const first = pieces[0] ?? '';
  const fixed = pieces.reduce((sum, piece) => sum + piece.length, 0);
  return (name) => {
    const length = (name.length - fixed) / count;
    const value = name.slice(first.length, first.length + length);
    return Number.isInteger(length) && sessionName.test(value) && pieces.join(value) === name;
  };
}
