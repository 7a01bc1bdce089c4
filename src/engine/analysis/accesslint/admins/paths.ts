import { nodeText, type ReachNode } from '../../reach/node.ts';
import type { ReachChain } from '../../reach/step.ts';
import type { PlacedThing } from '../../snapshot/places.ts';
import { isServiceLinked } from '../names.ts';
import type { AccessRule, Spotted } from '../rule.ts';

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
    fix: 'take away the permission one of the steps needs',
    steps: 2,
  }),
];

function pathRule({
  steps,
  ...text
}: Omit<AccessRule, 'about' | 'check' | 'needs'> & { readonly steps: number }): AccessRule {
  return {
    about: 'cluster',
    ...text,
    *check(cluster, facts) {
      const { arn, name } = cluster.cluster;
      for (const chain of facts.pathsToAdmin(cluster).chains) {
        if (chain.steps.length !== steps || !isOwn(chain.from, arn)) continue;
        yield spotted(chain, arn, name);
      }
    },
  };
}

/** Subjects of other clusters are told of in theirs; roles of AWS's services and Kubernetes' own controllers are not news. */
function isOwn(node: ReachNode, clusterArn: string): boolean {
  if (node.kind === 'iam') return !isServiceLinked(node.subject.arn);
  if (node.kind !== 'kubernetes' || node.clusterArn !== clusterArn) return false;
  const { kind, namespace, name } = node.subject;
  if (kind === 'ServiceAccount') return !(namespace === 'kube-system' && name.endsWith('-controller'));
  return !/^(?:system:|eks:)/.test(name);
}

function spotted({ from, steps, certainty }: ReachChain, clusterArn: string, clusterName: string): Spotted {
  const [first] = steps;
  const last = steps.at(-1) ?? first;
  const told = steps.map(({ message }) => message).join(', then ');
  const perhaps = certainty === 'always' ? 'can become' : 'can perhaps become';
  const subject = nodeText(from);
  const at: PlacedThing | undefined = from.kind === 'iam' ? { thing: 'iam', arn: subject } : undefined;
  return {
    subject,
    object: nodeText(last.to),
    message: `\`${subject}\` ${perhaps} administrator of cluster \`${clusterName}\`: ${told}`,
    fix: `take away what the step needs: ${first.evidence.map(evidenceText).join(', ') || first.code}`,
    at: at ?? { thing: 'cluster', clusterArn },
  };
}

function evidenceText(evidence: ReachChain['steps'][0]['evidence'][number]): string {
  if (evidence.kind === 'iam') return `\`${evidence.action}\` on \`${evidence.resource}\``;
  const { question } = evidence;
  if (question.kind === 'nonResource') return `\`${question.verb} ${question.path}\``;
  const { verb, resource, subresource, namespace } = question;
  const what = subresource === '' ? resource : `${resource}/${subresource}`;
  return `\`${verb} ${what}\`${namespace === '' ? '' : ` in \`${namespace}\``}`;
}
