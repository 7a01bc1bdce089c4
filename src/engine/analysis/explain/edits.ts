import type { AccessScope } from '../../accesspolicies/scope.ts';
import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from '../../rbac/objects.ts';
import type { PolicyRule } from '../../rbac/rules.ts';
import type { SnapshotCluster } from '../snapshot/snapshot.ts';

/**
 * One change of a cluster that one command makes. `applyEdits` and `commandsOf` read the same value, so that what is
 * printed is what was tried.
 */
export type Edit =
  | {
      readonly edit: 'createEntry';
      readonly principalArn: string;
      /** Template; absent: what EKS gives. */
      readonly username?: string;
      readonly kubernetesGroups: readonly string[];
    }
  | {
      readonly edit: 'updateEntry';
      readonly principalArn: string;
      readonly username?: string;
      readonly kubernetesGroups?: readonly string[];
    }
  | { readonly edit: 'deleteEntry'; readonly principalArn: string }
  | {
      readonly edit: 'associate';
      readonly principalArn: string;
      readonly policyArn: string;
      readonly accessScope: AccessScope;
      /** `8h`: extension, for a while only. */
      readonly forTime?: string;
    }
  | {
      readonly edit: 'createPolicy';
      readonly name: string;
      readonly policyArn: string;
      readonly rules: readonly PolicyRule[];
    }
  | { readonly edit: 'setMode'; readonly mode: SnapshotCluster['authenticationMode'] }
  /** A key of aws-auth in a new text; `items` says what it then means. */
  | {
      readonly edit: 'replaceInAwsAuth';
      readonly key: 'mapRoles' | 'mapUsers';
      readonly from: string;
      readonly to: string;
      readonly text: string;
    }
  | { readonly edit: 'createRole'; readonly role: Role | ClusterRole }
  | { readonly edit: 'bind'; readonly binding: RoleBinding | ClusterRoleBinding }
  | {
      readonly edit: 'addToRule';
      readonly kind: 'Role' | 'ClusterRole';
      /** '' for a ClusterRole. */
      readonly namespace: string;
      readonly name: string;
      /** From 0. */
      readonly rule: number;
      /** Of that rule, so that another one in its place is not changed. */
      readonly resources: readonly string[];
      readonly member: 'verbs' | 'resourceNames';
      readonly value: string;
    }
  | { readonly edit: 'unblock'; readonly target: string };
