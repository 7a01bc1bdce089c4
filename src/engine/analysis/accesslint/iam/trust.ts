import { isAccountId } from '../../../arn/arn.ts';
import { parsePrincipalArn } from '../../../arn/principalarn.ts';
import { uniqueIdKind } from '../../../arn/uniqueid.ts';
import type { ConditionEntry, PolicyDocument, Statement } from '../../../iam/document.ts';
import { parsePolicy } from '../../../iam/parse.ts';
import { enumerate } from '../../policylint/policy.ts';
import type { SnapshotAccount, SnapshotRole } from '../../snapshot/snapshot.ts';
import { command } from '../commands.ts';
import { subjectNamed } from '../mappings.ts';
import { isServiceLinked } from '../names.ts';
import type { AccessRule, Spotted } from '../rule.ts';
import { issuerHost } from '../workload/issuers.ts';
import type { Workload } from '../workload/workloads.ts';

/** Conditions that say which caller of another account is meant, or for whom it acts. */
const narrowing =
  /^(?:sts:externalid|aws:principalorg(?:id|paths)|aws:principal(?:arn|tag\/.+)|aws:userid|aws:source(?:account|arn|orgid|orgpaths))$/i;

/**
 * Whether a condition on such a key lets in some only: it says what the value is, holds where the key is absent for nobody,
 * and is not satisfied by everything. `Null` and the operators of `Not` do not say who.
 */
export function narrows({ key, operator, values }: ConditionEntry, keys: RegExp): boolean {
  return (
    keys.test(key) &&
    /^(?:ForAnyValue:)?(?:StringEquals|StringEqualsIgnoreCase|StringLike|ArnEquals|ArnLike)$/i.test(
      operator,
    ) &&
    values.every((value) => !/^[*?]*$/.test(value))
  );
}

/** Whom roles trust. What is wrong in the text of a policy itself is found by the rules of `policylint`. */
export const trustRules: readonly AccessRule[] = [
  {
    about: 'account',
    id: 'EW-ACC-601',
    name: 'another account is trusted without a condition',
    severity: 'security',
    why: 'Whoever may call sts:AssumeRole in the other account has the role. Where that account serves several customers, any of them may be the caller’s reason (the confused deputy).',
    fix: 'name the roles that need it, or add a condition on sts:ExternalId or aws:PrincipalOrgID',
    *check({ roles, accountId }) {
      for (const { role, statement, base } of trusting(roles)) {
        if (statement.conditions.some((condition) => narrows(condition, narrowing))) continue;
        for (const { type, value } of statement.principal?.entries ?? []) {
          const other = type === 'AWS' ? wholeAccount(value) : undefined;
          if (other === undefined || other === accountId) continue;
          yield {
            ...{ ...base, object: other },
            message: `\`${role.arn}\` trusts everybody whom account \`${other}\` lets assume it, without a condition`,
            fix: rewriteTrust(role, 'with the roles that need it, or a condition on `sts:ExternalId`'),
          };
        }
      }
    },
  },
  {
    about: 'account',
    id: 'EW-ACC-602',
    name: 'identity provider without an audience',
    severity: 'warning',
    why: 'The provider has several audiences. Without a condition on `aud` a token that it made for another of them is as good as one made for this role.',
    fix: 'add a condition on the provider’s `aud`: sts.amazonaws.com',
    *check({ roles, oidcProviders: known }) {
      for (const { role, statement, base } of trusting(roles)) {
        if (statement.conditions.some((condition) => narrows(condition, /:aud$/i))) continue;
        for (const provider of oidcProviders(statement)) {
          // STS takes no token for an audience that the provider does not list: of one there is no other.
          const audiences = known.find(({ arn }) => arn === provider)?.clientIds;
          if (audiences?.length === 1) continue;
          const which = audiences === undefined ? 'any of its audiences' : enumerate(audiences);
          yield {
            ...{ ...base, object: provider },
            message: `\`${role.arn}\` takes tokens of \`${hostOf(provider)}\` for ${which}`,
            fix: rewriteTrust(role, `with a condition on \`${hostOf(provider)}:aud\``),
          };
        }
      }
    },
  },
  {
    about: 'account',
    id: 'EW-ACC-603',
    name: 'identity provider that does not exist',
    severity: 'warning',
    why: 'The role cannot be assumed with tokens of the provider: it is not in the account. Whoever makes it decides whose tokens count.',
    fix: 'make the provider (aws iam create-open-id-connect-provider), or take it out of the trust policy',
    needs: ['identityProviders'],
    *check({ roles, oidcProviders: known }, { workloads }) {
      const there = new Set(known.map(({ arn }) => arn));
      for (const { role, statement, base } of trusting(roles)) {
        for (const provider of oidcProviders(statement)) {
          if (there.has(provider) || isNeeded(role, provider, workloads.get(role.arn))) continue;
          yield {
            ...{ ...base, object: provider },
            message: `\`${role.arn}\` trusts \`${provider}\`, which does not exist`,
            fix: rewriteTrust(role, `without \`${provider}\``),
          };
        }
      }
    },
  },
  {
    about: 'account',
    id: 'EW-ACC-604',
    name: 'trust in a principal that does not exist',
    severity: 'warning',
    why: 'The principal was deleted. AWS keeps its unique id in the policy; in a policy that is written again with the ARN, whoever has the name then is trusted.',
    fix: 'take it out of the trust policy',
    *check({ roles }, { world }) {
      const { principals } = world;
      for (const { role, statement, base } of trusting(roles)) {
        for (const { type, value } of statement.principal?.entries ?? []) {
          if (type !== 'AWS') continue;
          const isFormer = uniqueIdKind(value) !== undefined && principals.ofId(value) === undefined;
          if (!isFormer && subjectNamed(value, principals)?.standing !== 'missing') continue;
          yield {
            ...{ ...base, object: value },
            message: `\`${role.arn}\` trusts \`${value}\`, ${isFormer ? 'the id of a principal that was deleted' : 'which does not exist'}`,
            fix: rewriteTrust(role, `without \`${value}\``),
          };
        }
      }
    },
  },
  {
    about: 'account',
    id: 'EW-ACC-605',
    name: 'trust in a principal that was made anew',
    severity: 'warning',
    why: 'A trust policy is tied to the unique ids of those it names (iam-facts A11): a principal made again under the same name is not trusted until the policy is written again.',
    fix: 'write the trust policy again, if the new principal is meant',
    *check({ roles }, { world }) {
      for (const role of roles) {
        for (const [arn, id] of Object.entries(role.trustedPrincipalIds ?? {})) {
          const now = world.principals.named(arn);
          if (now === undefined || now.record.arn !== arn || now.record.principalId === id) continue;
          yield {
            ...{ subject: role.arn, object: arn, at: { thing: 'iam', arn: role.arn } },
            message: `\`${role.arn}\` trusts the \`${arn}\` of before: it was made anew since and is not trusted`,
            fix: rewriteTrust(role, 'as it is, if the new principal is meant'),
          };
        }
      }
    },
  },
  {
    about: 'cluster',
    id: 'EW-ACC-606',
    name: 'service account for a role that does not exist',
    severity: 'warning',
    why: 'Pods of the service account get no credentials of AWS.',
    fix: 'correct the annotation eks.amazonaws.com/role-arn, or make the role',
    *check({ cluster }, { world }) {
      for (const { namespace, name, roleArn } of cluster.serviceAccounts ?? []) {
        if (roleArn === undefined || subjectNamed(roleArn, world.principals)?.standing !== 'missing')
          continue;
        yield {
          ...{ subject: `ServiceAccount ${namespace}/${name}`, object: roleArn },
          message: `service account \`${namespace}/${name}\` is annotated with \`${roleArn}\`, which does not exist`,
          fix: command(
            'kubectl',
            'annotate',
            `serviceaccount/${name}`,
            '--namespace',
            namespace,
            'eks.amazonaws.com/role-arn-',
          ),
        };
      }
    },
  },
];

/** Whether `EW-ACC-806` tells of it, and says to make it: an annotated service account lacks the provider. */
function isNeeded(
  { arn }: SnapshotRole,
  provider: string,
  workloads: readonly Workload[] | undefined = [],
): boolean {
  return workloads.some(({ cluster, namespace, name }) => {
    if (cluster.issuer === undefined || issuerHost(cluster.issuer) !== hostOf(provider)) return false;
    const { serviceAccounts = [], podIdentityAssociations = [] } = cluster;
    return (
      serviceAccounts.some(
        (one) => one.namespace === namespace && one.name === name && one.roleArn === arn,
      ) && !podIdentityAssociations.some((one) => one.namespace === namespace && one.serviceAccount === name)
    );
  });
}

const parsed = new WeakMap<SnapshotRole, PolicyDocument | null>();

/** The trust policy; null for one that cannot be read, of which `EW-POL-001` tells. */
export function trustOf(role: SnapshotRole): PolicyDocument | null {
  let document = parsed.get(role);
  if (document === undefined) {
    const result = parsePolicy(role.trustPolicy, 'trust');
    document = result.ok ? result.document : null;
    parsed.set(role, document);
  }
  return document;
}

/** Statements that let somebody in. */
export function* trusting(roles: SnapshotAccount['roles']): Generator<{
  readonly role: SnapshotRole;
  readonly statement: Statement;
  readonly base: Omit<Spotted, 'message'>;
}> {
  for (const role of roles) {
    if (isServiceLinked(role.arn)) continue;
    for (const statement of trustOf(role)?.statements ?? []) {
      if (statement.effect !== 'Allow' || statement.principal?.negated === true) continue;
      yield { role, statement, base: { subject: role.arn, at: { thing: 'iam', arn: role.arn } } };
    }
  }
}

/** The account, where all of it is meant; undefined for one principal of it. */
function wholeAccount(value: string): string | undefined {
  if (isAccountId(value)) return value;
  const named = parsePrincipalArn(value);
  return named?.kind === 'root' ? named.accountId : undefined;
}

export function oidcProviders({ principal }: Statement): readonly string[] {
  return (principal?.entries ?? [])
    .filter(({ type, value }) => type === 'Federated' && value.includes(':oidc-provider/'))
    .map(({ value }) => value);
}

/** What stands before the claim in a condition key: the provider without its ARN. */
export function hostOf(provider: string): string {
  return provider.replace(/^.*:oidc-provider\//, '');
}

/** No trust policy is made up here: what else is in it is not ours to guess. */
export function rewriteTrust({ name }: SnapshotRole, how: string): string {
  const set = command(
    ...['aws', 'iam', 'update-assume-role-policy', '--role-name', name],
    ...['--policy-document', 'file://trust.json'],
  );
  return `write the trust policy again ${how}: ${set}`;
}
