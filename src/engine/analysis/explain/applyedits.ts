import type { AwsAuth } from '../../identity/awsauth.ts';
import { parseBlockTarget } from '../../identity/blocks.ts';
import type { RbacObject } from '../../rbac/objects.ts';
import type { PolicyRule } from '../../rbac/rules.ts';
import { revealCreator } from '../migrate/after.ts';
import type { Snapshot, SnapshotAccessEntry, SnapshotCluster } from '../snapshot/snapshot.ts';
import { createPrincipals } from '../world/principals.ts';
import type { Edit } from './edits.ts';
import { plainUsername } from './proposals/entries.ts';

/** A cluster and the snapshot it is in. The cluster is not looked for in the snapshot. */
export interface Edited {
  readonly snapshot: Snapshot;
  readonly cluster: SnapshotCluster;
}

/** The same as it would be after the commands of the edits; what was there is not changed. `now` is epoch milliseconds. */
export function applyEdits(before: Edited, edits: readonly Edit[], now: number): Edited {
  return edits.reduce((state, edit) => applyEdit(state, edit, now), before);
}

function applyEdit(state: Edited, edit: Edit, now: number): Edited {
  const { snapshot, cluster } = state;
  const withCluster = (change: Partial<SnapshotCluster>): Edited => ({
    snapshot,
    cluster: { ...cluster, ...change },
  });
  const withEntries = (change: (entry: SnapshotAccessEntry) => SnapshotAccessEntry): Edited =>
    withCluster({ accessEntries: cluster.accessEntries.map(change) });
  const withRbac = (rbac: readonly RbacObject[]): Edited => withCluster({ rbac });
  switch (edit.edit) {
    case 'createEntry': {
      const { principalArn, username, kubernetesGroups } = edit;
      const entry: SnapshotAccessEntry = {
        principalArn,
        type: 'STANDARD',
        username: username ?? plainUsername(principalArn),
        kubernetesGroups,
        createdAt: now,
        associatedPolicies: [],
      };
      return withCluster({ accessEntries: [...cluster.accessEntries, entry] });
    }
    case 'updateEntry': {
      const { principalArn, username, kubernetesGroups } = edit;
      return withEntries((entry) =>
        entry.principalArn === principalArn
          ? {
              ...entry,
              ...(username !== undefined && { username }),
              ...(kubernetesGroups !== undefined && { kubernetesGroups }),
            }
          : entry,
      );
    }
    case 'deleteEntry':
      return withCluster({
        accessEntries: cluster.accessEntries.filter(({ principalArn }) => principalArn !== edit.principalArn),
      });
    case 'associate': {
      const { principalArn, policyArn, accessScope, forTime } = edit;
      return withEntries((entry) => {
        if (entry.principalArn !== principalArn) return entry;
        // Associating again replaces the scope (eks-access-facts C5) and, without `--for`, leaves the end as it is.
        const known = entry.associatedPolicies.find((one) => one.policyArn === policyArn);
        const expiresAt = forTime === undefined ? known?.expiresAt : now + (milliseconds(forTime) ?? 0);
        const associated = { policyArn, accessScope, ...(expiresAt !== undefined && { expiresAt }) };
        const others = entry.associatedPolicies.filter((one) => one.policyArn !== policyArn);
        return { ...entry, associatedPolicies: [...others, associated] };
      });
    }
    case 'createPolicy': {
      const { name, policyArn, rules } = edit;
      const accounts = snapshot.accounts.map((account) =>
        account.accountId === cluster.accountId
          ? {
              ...account,
              accessPolicies: [...account.accessPolicies, { arn: policyArn, name, version: 1, rules }],
            }
          : account,
      );
      return { snapshot: { ...snapshot, accounts }, cluster };
    }
    case 'setMode': {
      const principals = createPrincipals(snapshot.accounts, snapshot.gaps);
      const revealed = revealCreator(cluster, { snapshot, principals }).cluster;
      return { snapshot, cluster: { ...revealed, authenticationMode: edit.mode } };
    }
    case 'replaceInAwsAuth': {
      const { key, from, to, text } = edit;
      const { awsAuth, awsAuthData } = cluster;
      return withCluster({
        ...(awsAuth !== undefined && { awsAuth: replaced(awsAuth, from, to) }),
        awsAuthData: { ...awsAuthData, [key]: text },
      });
    }
    case 'createRole':
      return withRbac([...cluster.rbac, edit.role]);
    case 'bind':
      return withRbac([...cluster.rbac, edit.binding]);
    case 'addToRule':
      return withRbac(
        cluster.rbac.map((object) => {
          if ((object.kind !== 'Role' && object.kind !== 'ClusterRole') || object.kind !== edit.kind)
            return object;
          const namespace = object.kind === 'Role' ? object.namespace : '';
          if (namespace !== edit.namespace || object.name !== edit.name) return object;
          const rules = object.rules.map(
            (rule, at): PolicyRule =>
              at === edit.rule ? { ...rule, [edit.member]: [...rule[edit.member], edit.value] } : rule,
          );
          return { ...object, rules };
        }),
      );
    case 'unblock': {
      const target = parseBlockTarget(edit.target) ?? { kind: undefined, target: edit.target };
      const blocks = snapshot.blocks.filter(
        (block) => block.target !== target.target && block.target !== edit.target,
      );
      return { snapshot: { ...snapshot, blocks }, cluster };
    }
    default:
      return edit satisfies never;
  }
}

function replaced(awsAuth: AwsAuth, from: string, to: string): AwsAuth {
  return {
    ...awsAuth,
    roles: awsAuth.roles.map((role) => (role.rolearn === from ? { ...role, rolearn: to } : role)),
    users: awsAuth.users.map((user) => (user.userarn === from ? { ...user, userarn: to } : user)),
  };
}

const units: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

function milliseconds(text: string): number | undefined {
  const [, count, unit = ''] = /^(\d+)([mhd])$/.exec(text) ?? [];
  return count === undefined ? undefined : Number(count) * (units[unit] ?? 0);
}
