import { accessPolicyArn, knownAccessPolicies } from '../../../accesspolicies/catalogue.ts';
import { customPolicyArn } from '../../../accesspolicies/custom.ts';
import { type AccessScope, compileScope } from '../../../accesspolicies/scope.ts';
import type { PolicyRule } from '../../../rbac/rules.ts';
import { isEverything } from '../../accesspolicylint/reach.ts';
import type { SnapshotAccessEntry } from '../../snapshot/snapshot.ts';
import { rulesAllow } from '../../whatcan/rules.ts';
import type { Question } from '../../world/question.ts';
import { breadth, exactRule, questionName } from '../questiontext.ts';
import { type Candidate, freeName, type Wanted } from './candidate.ts';

interface Fitting {
  readonly name: string;
  readonly policyArn: string;
  readonly rules: readonly PolicyRule[];
}

/**
 * What access policies can do for an entry: one of its own for longer or in one more place, the narrowest that allows
 * the request, one that allows nothing else.
 */
export function policyCandidates(wanted: Wanted, entry: SnapshotAccessEntry): readonly Candidate[] {
  // Entries of node types have no policies (eks-access-facts B5).
  if (entry.type !== 'STANDARD') return [];
  const { question, now, cluster, extensions } = wanted;
  const fitting = fittingPolicies(wanted);
  const { principalArn } = entry;
  const here = scopeOf(question);
  const own = entry.associatedPolicies.flatMap(
    ({ policyArn, accessScope, expiresAt }): readonly Candidate[] => {
      const policy = fitting.find((one) => one.policyArn === policyArn);
      if (policy === undefined) return [];
      const isExpired = expiresAt !== undefined && !(now < expiresAt);
      const holds = compileScope(accessScope)(namespaceOf(question));
      const scope = holds ? accessScope : widened(accessScope, here);
      return [
        {
          kind: 'ownAssociation',
          summary: isExpired
            ? `renew access policy \`${policy.name}\` ${scopeText(scope)}`
            : `let access policy \`${policy.name}\` hold ${scopeText(here)} as well`,
          edits: [
            {
              edit: 'associate',
              principalArn,
              policyArn,
              accessScope: scope,
              ...(isExpired && { forTime: '8h' }),
            },
          ],
        },
      ];
    },
  );
  const [narrowest] = fitting.filter(
    ({ policyArn }) => !entry.associatedPolicies.some((one) => one.policyArn === policyArn),
  );
  const associated: readonly Candidate[] =
    narrowest === undefined
      ? []
      : [
          {
            kind: 'stockPolicy',
            summary: `associate access policy \`${narrowest.name}\` ${scopeText(here)}`,
            edits: [{ edit: 'associate', principalArn, policyArn: narrowest.policyArn, accessScope: here }],
          },
        ];
  const account = wanted.principals.account(cluster.cluster.accountId);
  if (!extensions || account === undefined) return [...own, ...associated];
  const name = freeName(questionName(question), (taken) =>
    account.accessPolicies.some((one) => one.name === taken),
  );
  const policyArn = customPolicyArn({
    partition: wanted.snapshot.partition,
    accountId: account.accountId,
    name,
  });
  return [
    ...own,
    ...associated,
    {
      kind: 'ownPolicy',
      summary: `make access policy \`${name}\`, which allows this alone, and associate it ${scopeText(here)}`,
      edits: [
        { edit: 'createPolicy', name, policyArn, rules: [exactRule(question)] },
        { edit: 'associate', principalArn, policyArn, accessScope: here },
      ],
    },
  ];
}

/**
 * Policies that allow it, narrowest first. SECURITY: one that gives everything is among them only where everything is
 * asked for.
 */
function fittingPolicies({ question, snapshot, principals, cluster }: Wanted): readonly Fitting[] {
  const stock = knownAccessPolicies()
    // Only those AWS makes for people and their tools (eks-access-facts F15).
    .filter(({ intendedFor }) => intendedFor === 'customers')
    .map(({ name, rules = [] }) => ({
      name,
      policyArn: accessPolicyArn(name, snapshot.partition),
      rules: rules.filter(({ namesUnpublished }) => namesUnpublished !== true),
    }));
  const account = principals.account(cluster.cluster.accountId);
  const own = (account?.accessPolicies ?? []).map(({ name, arn, rules }) => ({
    name,
    policyArn: arn,
    rules,
  }));
  const asksAll = isEverything(exactRule(question));
  return [...own, ...stock]
    .filter(({ rules }) => rulesAllow(rules, question) && (asksAll || !rules.some(isEverything)))
    .sort((one, other) => breadth(one.rules) - breadth(other.rules));
}

export function namespaceOf(question: Question): string {
  return question.kind === 'resource' ? question.namespace : '';
}

function scopeOf(question: Question): AccessScope {
  const namespace = namespaceOf(question);
  return namespace === ''
    ? { type: 'cluster', namespaces: [] }
    : { type: 'namespace', namespaces: [namespace] };
}

function widened(scope: AccessScope, more: AccessScope): AccessScope {
  if (scope.type === 'cluster' || more.type === 'cluster') return { type: 'cluster', namespaces: [] };
  return { type: 'namespace', namespaces: [...scope.namespaces, ...more.namespaces] };
}

function scopeText({ type, namespaces }: AccessScope): string {
  if (type === 'cluster') return 'in the whole cluster';
  const names = namespaces.map((name) => `\`${name}\``).join(', ');
  return `in ${namespaces.length === 1 ? 'namespace' : 'namespaces'} ${names}`;
}
