import { reservedPrefix } from '../../../identity/reserved.ts';
import type { Subject } from '../../../rbac/objects.ts';
import type { SubjectIdentity } from '../../world/cluster.ts';
import type { Edit } from '../edits.ts';
import { questionName } from '../questiontext.ts';
import { type Candidate, freeName, type Wanted } from './candidate.ts';

/** Somebody a role can be bound to, so that it is the subject's. */
export interface Bindable {
  readonly subject: Subject;
  /** In our message style. */
  readonly text: string;
  /** What has to be done first. */
  readonly before: Candidate['edits'];
}

/**
 * A subject of RBAC as it is; an IAM principal by its username. A role whose username holds the name of its session is
 * bound by a group: one it has, which others may have, too, or a new one of its access entry.
 */
export function bindableAs(
  wanted: Wanted,
  { user, mapped, sessionName }: SubjectIdentity,
): readonly Bindable[] {
  const { subject, cluster } = wanted;
  if (subject.kind !== 'iam') {
    const { kind, name, namespace } = subject;
    const text =
      kind === 'ServiceAccount' ? `service account \`${namespace}/${name}\`` : `${kind} \`${name}\``;
    return [{ subject: { kind, name, namespace }, text, before: [] }];
  }
  // Whoever stands for many has no name of their own.
  if (subject.type === 'account' || subject.type === 'rolePattern') return [];
  if (sessionName === undefined) {
    return [
      {
        subject: { kind: 'User', name: user.username, namespace: '' },
        text: `user \`${user.username}\``,
        before: [],
      },
    ];
  }
  const entry = mapped?.mappedBy.source === 'accessEntry' ? cluster.entry(mapped.mappedBy.arn) : undefined;
  const own = user.groups.filter((group) => !group.startsWith('system:') && !group.includes(sessionName));
  const found: Bindable[] = own.slice(0, 2).map((name) => ({
    subject: { kind: 'Group', name, namespace: '' },
    text: `its group \`${name}\``,
    before: [],
  }));
  if (entry?.type !== 'STANDARD') return found;
  const name = freeName(questionName(wanted.question), (taken) => isGroupKnown(wanted, taken));
  if (reservedPrefix(name) !== undefined) return found;
  const before: Edit = {
    edit: 'updateEntry',
    principalArn: entry.principalArn,
    kubernetesGroups: [...entry.kubernetesGroups, name],
  };
  return [
    ...found,
    {
      subject: { kind: 'Group', name, namespace: '' },
      text: `a new group \`${name}\` of its access entry`,
      before: [before],
    },
  ];
}

function isGroupKnown({ cluster }: Wanted, name: string): boolean {
  const { accessEntries, awsAuth } = cluster.cluster;
  return (
    cluster.bound.groups.has(name) ||
    accessEntries.some(({ kubernetesGroups }) => kubernetesGroups.includes(name)) ||
    (awsAuth !== undefined &&
      [...awsAuth.roles, ...awsAuth.users].some(({ groups }) => groups.includes(name)))
  );
}
