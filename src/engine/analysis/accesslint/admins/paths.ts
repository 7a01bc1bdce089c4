import { nodeText, type ReachNode } from '../../reach/node.ts';
import type { ReachChain, ReachCondition, ReachEvidence } from '../../reach/step.ts';
import type { PlacedThing } from '../../snapshot/places.ts';
import type { ClusterWorld } from '../../world/cluster.ts';
import { isController } from '../defaults.ts';
import type { Facts } from '../facts.ts';
import { isServiceLinked, objectLabel } from '../names.ts';
import type { AccessRule, ClusterRule, Spotted } from '../rule.ts';

/** Who is not administrator and can become one. */
export const pathRules: readonly AccessRule[] = [
  pathRule({
    id: 'EW-ACC-010',
    name: 'one step from administrator',
    severity: 'security',
    why: 'Whoever can become an administrator with one command is one, whatever the list of administrators says.',
    fix: 'take away the permission the step needs, or count the principal among the administrators and suppress the finding with the reason',
    steps: 1,
  }),
  pathRule({
    id: 'EW-ACC-011',
    name: 'two steps from administrator',
    severity: 'warning',
    why: 'Two commands after one another make the principal an administrator.',
    fix: 'take away the permission that one of the steps needs',
    steps: 2,
  }),
  {
    about: 'cluster',
    id: 'EW-ACC-012',
    name: 'way to administrator that was not read',
    severity: 'suggestion',
    why: 'What a policy, a principal or a role allows was not read: who has it may be able to become administrator in one or two steps, and nobody looked.',
    fix: 'read it: snapshots of a running server, of AWS and of get-account-authorization-details hold all policies that something has',
    *check(cluster, facts) {
      const unread = new Map<string, number>();
      for (const chain of pathsOf(cluster, facts)) {
        for (const what of new Set(unreadOf(chain))) unread.set(what, (unread.get(what) ?? 0) + 1);
      }
      const { arn: clusterArn, name } = cluster.cluster;
      for (const [what, count] of unread) {
        const who = count === 1 ? '1 subject' : `${count} subjects`;
        yield {
          subject: what,
          at: { thing: 'cluster', clusterArn },
          message: `\`${what}\` was not read: by it ${who} may be able to become administrator of cluster \`${name}\``,
        };
      }
    },
  },
];

function pathRule({
  steps,
  ...text
}: Omit<ClusterRule, 'about' | 'check' | 'needs'> & { readonly steps: number }): AccessRule {
  return {
    about: 'cluster',
    ...text,
    *check(cluster, facts) {
      const { arn, name } = cluster.cluster;
      for (const chain of pathsOf(cluster, facts)) {
        if (chain.steps.length === steps && unreadOf(chain).length === 0) yield spotted(chain, arn, name);
      }
    },
  };
}

/** One chain for each who can perhaps become administrator. */
function* pathsOf(cluster: ClusterWorld, facts: Facts): Generator<ReachChain> {
  for (const chain of facts.pathsToAdmin(cluster).chains) if (isNews(chain, cluster)) yield chain;
}

/**
 * Not the root of the cluster's account, which can do everything there; not who makes up the control plane; and of other
 * clusters' subjects it is told there.
 */
function isNews({ from }: ReachChain, { cluster }: ClusterWorld): boolean {
  switch (from.kind) {
    case 'iam': {
      const { type, arn, accountId } = from.subject;
      return !(type === 'root' && accountId === cluster.accountId) && !isServiceLinked(arn);
    }
    case 'kubernetes': {
      const { kind, namespace, name } = from.subject;
      if (from.clusterArn !== cluster.arn) return false;
      if (kind === 'ServiceAccount') return !isController(namespace, name);
      return !/^(?:system:(?!authenticated|unauthenticated|anonymous|serviceaccounts)|eks:)/.test(name);
    }
    case 'clusterAdmin':
    case 'permitted':
      return false;
    default:
      return from satisfies never;
  }
}

/** What would have to be read to tell; empty where the chain depends on no such thing. */
function unreadOf({ steps }: ReachChain): readonly string[] {
  return steps.flatMap(({ conditions }) => conditions.flatMap(unreadIn));
}

function unreadIn(condition: ReachCondition): readonly string[] {
  switch (condition.kind) {
    case 'policyNotRead':
      return [condition.arn ?? condition.name];
    case 'principalNotRead':
    case 'roleNotRead':
      return [condition.arn];
    case 'condition':
    case 'variable':
    case 'session':
    case 'assumption':
      return [];
    default:
      return condition satisfies never;
  }
}

function spotted({ from, steps, certainty }: ReachChain, clusterArn: string, clusterName: string): Spotted {
  const [first] = steps;
  const told = steps.map(({ message }) => message).join(', then ');
  const perhaps = certainty === 'always' ? 'can become' : 'can perhaps become';
  const subject = labelOf(from);
  const needed = [...new Set(first.evidence.map(evidenceText))].join(' and ');
  const at: PlacedThing =
    from.kind === 'iam' ? { thing: 'iam', arn: subject } : { thing: 'cluster', clusterArn };
  return {
    subject,
    message: `\`${subject}\` ${perhaps} administrator of cluster \`${clusterName}\`: ${told}`,
    fix: needed === '' ? 'take away what the step needs' : `take away ${needed}`,
    at,
  };
}

/** In the form of all subjects: an ARN, or kind and name. */
function labelOf(node: ReachNode): string {
  if (node.kind !== 'kubernetes') return nodeText(node);
  const { kind, namespace, name } = node.subject;
  return objectLabel({ kind, namespace, name });
}

function evidenceText(evidence: ReachEvidence): string {
  if (evidence.kind === 'iam') return `\`${evidence.action}\` on \`${evidence.resource}\``;
  const { question } = evidence;
  if (question.kind === 'nonResource') return `\`${question.verb} ${question.path}\``;
  const { verb, resource, subresource, namespace } = question;
  const what = subresource === '' ? resource : `${resource}/${subresource}`;
  return `\`${verb} ${what}\`${namespace === '' ? '' : ` in \`${namespace}\``}`;
}
