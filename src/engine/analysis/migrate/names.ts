import { groupFault, usernameFault } from '../../identity/entrynames.ts';

/** How the names begin that stand for those an access entry cannot have. */
export const newPrefix = 'from-aws-auth:';

/** A name in the place of one that entries refuse. */
export interface NewName {
  readonly is: 'User' | 'Group';
  /** As RBAC binds it today; of a user perhaps a template. */
  readonly old: string;
  readonly name: string;
}

export interface EntryNames {
  /** Absent: none that an entry can have. */
  readonly username?: string;
  readonly groups: readonly string[];
  readonly isMaster: boolean;
  readonly newNames: readonly NewName[];
  readonly changes: readonly string[];
}

const anyPlaceholder = /\{\{(?:SessionName|SessionNameRaw|AccessKeyID|EC2PrivateDNSName)\}\}/;
/** EKS documents these two alone, and for usernames alone (eks-access-facts B24). */
const undocumented = /\{\{(?:AccessKeyID|EC2PrivateDNSName)\}\}/;

/**
 * The username and groups of an entry of type STANDARD for what an item gives: as they are where EKS takes them
 * (eks-access-facts B21 to B28), and else new names that are to be bound like the old ones. `isBound` says whether RBAC
 * names a group, so that no new name is made for nothing.
 */
export function entryNames(
  { username, groups }: { readonly username: string; readonly groups: readonly string[] },
  accountId: string,
  isBound: (group: string) => boolean,
): EntryNames {
  // The one placeholder whose value is the same for all: entries are not known to fill it.
  const filled = (template: string): string => template.replaceAll('{{AccountID}}', accountId);
  const newNames: NewName[] = [];
  const changes: string[] = [];

  const wanted = filled(username);
  let given: string | undefined = wanted;
  if (undocumented.test(wanted)) {
    given = undefined;
    changes.push(
      `username \`${username}\`: entries are not known to fill its placeholder; EKS gives its own`,
    );
  } else if (usernameFault(wanted) !== undefined) {
    const name = `${newPrefix}${wanted}`;
    if (usernameFault(name) === undefined) {
      given = name;
      newNames.push({ is: 'User', old: wanted, name });
      changes.push(`username \`${wanted}\` becomes \`${name}\`: entries refuse the old one`);
    } else {
      given = undefined;
      changes.push(`username \`${wanted}\`: entries refuse it; EKS gives its own`);
    }
  }

  const unique = [...new Set(groups.map(filled))];
  const isMaster = unique.includes('system:masters');
  const kept = unique.flatMap((group): readonly string[] => {
    // Everybody who has a name is in that one.
    if (group === 'system:masters' || group === 'system:authenticated' || group === '') return [];
    if (anyPlaceholder.test(group)) {
      changes.push(`group \`${group}\` goes: entries are not known to fill placeholders of groups`);
      return [];
    }
    if (groupFault(group) === undefined) return [group];
    const name = `${newPrefix}${group}`;
    // Nothing that RBAC gives is missing to an administrator.
    if (isMaster || !isBound(group) || groupFault(name) !== undefined) {
      changes.push(
        isMaster
          ? `group \`${group}\` goes: entries refuse it, and an administrator needs none`
          : isBound(group)
            ? `group \`${group}\` goes: entries refuse it`
            : `group \`${group}\` goes: entries refuse it, and no binding names it`,
      );
      return [];
    }
    newNames.push({ is: 'Group', old: group, name });
    changes.push(`group \`${group}\` becomes \`${name}\`: entries refuse the old one`);
    return [name];
  });
  if (isMaster) {
    changes.push(
      'group `system:masters` becomes policy `AmazonEKSClusterAdminPolicy`: entries refuse the group',
    );
  }
  return {
    ...(given !== undefined && { username: given }),
    groups: [...new Set(kept)],
    ...{ isMaster, newNames, changes },
  };
}
