import { subjectOf } from '../iamworld/allowers.ts';
import type { IamQuestion } from '../iamworld/answer.ts';
import type { IamWorld } from '../iamworld/iamworld.ts';
import type { KnownPrincipal } from '../world/principals.ts';
import type { IamSubject } from '../world/subject.ts';
import type { World } from '../world/world.ts';
import { assuming, both, type Permitted, permitted, surest } from './asking.ts';

/** How somebody gives itself, or a role it can be, every permission that its boundary leaves. */
export interface IamAdmin {
  /** Who has the permissions then: itself, or the role. */
  readonly actor: IamSubject;
  readonly by: Permitted;
  /** `puts a policy on itself` */
  readonly message: string;
}

/** Who can raise itself to an administrator of the IAM of its account; each is looked at once. */
export interface IamAdmins {
  of(principal: KnownPrincipal): IamAdmin | undefined;
  /** All of an account. */
  inAccount(accountId: string): readonly KnownPrincipal[];
}

const selfActions = {
  user: ['iam:PutUserPolicy', 'iam:AttachUserPolicy'],
  role: ['iam:PutRolePolicy', 'iam:AttachRolePolicy'],
} as const;
const groupActions = ['iam:PutGroupPolicy', 'iam:AttachGroupPolicy'] as const;
const versionActions = ['iam:CreatePolicyVersion', 'iam:SetDefaultPolicyVersion'] as const;
const allActions = [
  ...selfActions.user,
  ...selfActions.role,
  ...groupActions,
  ...versionActions,
  'iam:AddUserToGroup',
] as const;

export function createIamAdmins(
  world: World,
  iam: IamWorld,
  /** Roles that may have been made to trust the principal, by index. */
  rolesTrusting: (principal: KnownPrincipal) => Iterable<KnownPrincipal & { readonly kind: 'role' }>,
): IamAdmins {
  const { partition } = world.snapshot;
  const remembered = new Map<string, IamAdmin | undefined>();
  const byAccount = new Map<string, readonly KnownPrincipal[]>();
  const administrator = `arn:${partition}:iam::aws:policy/AdministratorAccess`;

  const may = (subject: IamSubject, action: string, resource: string): Permitted | undefined => {
    const attaches = action.startsWith('iam:Attach');
    const question: IamQuestion = {
      ...{ subject, action, resource },
      ...(attaches && { context: { 'iam:PolicyARN': administrator } }),
    };
    return permitted(iam.ask, question);
  };

  const attachedPolicies = (arns: readonly string[], subject: IamSubject): Permitted | undefined => {
    const own = arns.filter((arn) => arn.split(':')[4] === subject.accountId);
    return surest(
      own.flatMap((arn) => {
        const former = may(subject, 'iam:SetDefaultPolicyVersion', arn);
        return [
          may(subject, 'iam:CreatePolicyVersion', arn),
          former && assuming(former, `a former version of \`${arn}\` grants more`),
        ];
      }),
    );
  };

  /** Whether a member of the group could do the same to itself without it: the group makes administrators. */
  const makesAdmins = (accountId: string, name: string): boolean => {
    const policies = iam.standings.policies.ofGroup(accountId, name);
    return policies.some(({ best }) =>
      selfActions.user.some((action) => best.allows.forAction(action.toLowerCase()).length > 0),
    );
  };

  function* ways(principal: KnownPrincipal): Generator<IamAdmin> {
    const subject = subjectOf(principal);
    const { kind, accountId, record } = principal;
    const way = (by: Permitted | undefined, message: string): readonly IamAdmin[] =>
      by === undefined ? [] : [{ actor: subject, by, message }];
    yield* way(
      surest(selfActions[kind].map((action) => may(subject, action, record.arn))),
      'gives itself a policy that allows everything',
    );
    yield* way(
      attachedPolicies(record.attachedPolicyArns, subject),
      'changes a managed policy that it has itself',
    );
    if (principal.kind === 'user') {
      for (const name of principal.record.groupNames) {
        const group = world.principals.group(accountId, name);
        if (group === undefined) continue;
        yield* way(
          surest([
            ...groupActions.map((action) => may(subject, action, group.arn)),
            attachedPolicies(group.attachedPolicyArns, subject),
          ]),
          `gives its group \`${group.name}\` a policy that allows everything`,
        );
      }
      for (const group of world.principals.account(accountId)?.groups ?? []) {
        if (!makesAdmins(accountId, group.name)) continue;
        const by = may(subject, 'iam:AddUserToGroup', group.arn);
        yield* way(
          by && assuming(by, `the policies of group \`${group.name}\` let it give itself more`),
          `joins the group \`${group.name}\``,
        );
      }
    }
    // A role that it can both become and change.
    const canChange = new Set<KnownPrincipal>();
    for (const action of selfActions.role) {
      if (!iam.allowers.ofAny(action).has(principal)) continue;
      for (const role of rolesTrusting(principal)) if (role.accountId === accountId) canChange.add(role);
    }
    for (const role of canChange) {
      if (role === principal) continue;
      const changes = surest(selfActions.role.map((action) => may(subject, action, role.record.arn)));
      const assumes = changes && may(subject, 'sts:AssumeRole', role.record.arn);
      if (changes === undefined || assumes === undefined) continue;
      const message = `gives \`${role.record.arn}\`, which it may assume, a policy that allows everything`;
      yield { actor: subjectOf(role), by: both(changes, assumes), message };
    }
  }

  const find = (principal: KnownPrincipal): IamAdmin | undefined => {
    let best: IamAdmin | undefined;
    for (const way of ways(principal)) {
      if (way.by.certainty === 'always') return way;
      best ??= way;
    }
    return best;
  };

  const of: IamAdmins['of'] = (principal) => {
    const { arn } = principal.record;
    if (!remembered.has(arn)) remembered.set(arn, find(principal));
    return remembered.get(arn);
  };

  return {
    of,
    inAccount(accountId) {
      let found = byAccount.get(accountId);
      if (found === undefined) {
        const candidates = new Set<KnownPrincipal>();
        for (const action of allActions) {
          for (const one of iam.allowers.ofAny(action)) if (one.accountId === accountId) candidates.add(one);
        }
        found = [...candidates].filter((principal) => of(principal) !== undefined);
        byAccount.set(accountId, found);
      }
      return found;
    },
  };
}
