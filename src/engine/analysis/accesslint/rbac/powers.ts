import type { PolicyRule } from '../../../rbac/rules.ts';
import { type Escalation, escalates, escalations } from '../../accesspolicylint/escalation.ts';
import { enumerate } from '../../policylint/policy.ts';
import { makesAdmins } from '../admins/admins.ts';
import { associate, disassociate } from '../commands.ts';
import { type Grant, holdsIn, isEverywhere, receivers } from '../grants.ts';
import type { AccessRule, Spotted } from '../rule.ts';

/**
 * Powers that are worth a word where they hold in the whole cluster: those of `accesspolicylint`, each with an id of its
 * own here, because there a policy is judged and here that somebody has it.
 */
const idOf: Readonly<Record<string, string>> = {
  'EW-AP-301': 'EW-ACC-111',
  'EW-AP-302': 'EW-ACC-112',
  'EW-AP-303': 'EW-ACC-113',
  'EW-AP-304': 'EW-ACC-114',
  'EW-AP-305': 'EW-ACC-115',
  'EW-AP-306': 'EW-ACC-116',
  'EW-AP-307': 'EW-ACC-117',
  'EW-AP-308': 'EW-ACC-118',
  'EW-AP-309': 'EW-ACC-119',
  'EW-AP-310': 'EW-ACC-120',
  'EW-AP-311': 'EW-ACC-121',
  'EW-AP-312': 'EW-ACC-122',
};

/** Powers over what runs in one namespace: in kube-system they reach the programs that run the cluster. */
const overPrograms: ReadonlySet<string> = new Set([
  'EW-AP-303',
  'EW-AP-304',
  'EW-AP-305',
  'EW-AP-307',
  'EW-AP-312',
]);

/** Which powers a list of rules has; the same list is looked at once, however often it is given. */
const known = new WeakMap<readonly PolicyRule[], ReadonlySet<string>>();

function powersOf(rules: readonly PolicyRule[]): ReadonlySet<string> {
  let powers = known.get(rules);
  if (powers === undefined) {
    powers = new Set(
      escalations
        .filter((escalation) => rules.some((rule) => escalates(rule, escalation)))
        .map(({ id }) => id),
    );
    known.set(rules, powers);
  }
  return powers;
}

const byPower = new WeakMap<readonly Grant[], ReadonlyMap<string, readonly Grant[]>>();

/** The grants of each power: most have none, and twelve rules ask. */
function grantsOfPower(grants: readonly Grant[], id: string): readonly Grant[] {
  let found = byPower.get(grants);
  if (found === undefined) {
    const map = new Map<string, Grant[]>(escalations.map((escalation) => [escalation.id, []]));
    for (const grant of grants) for (const power of powersOf(grant.rules)) map.get(power)?.push(grant);
    byPower.set(grants, map);
    found = map;
  }
  return found.get(id) ?? [];
}

const wideRoles: ReadonlySet<string> = new Set([
  ...['ClusterRole admin', 'ClusterRole edit'],
  ...['AmazonEKSAdminPolicy', 'AmazonEKSEditPolicy'],
]);

export const powerRules: readonly AccessRule[] = [
  ...escalations.map(powerRule),
  {
    about: 'cluster',
    id: 'EW-ACC-130',
    name: 'edit or admin of the whole cluster',
    severity: 'security',
    why: 'admin and edit are meant for namespaces. Held in the whole cluster, kube-system included, they read every Secret, run commands in every Pod and act as every service account, and so as the cluster’s administrators.',
    fix: 'bind the role with RoleBindings, or give the access policy a scope of namespaces',
    *check(cluster, facts) {
      for (const grant of facts.grants(cluster)) {
        if (!isEverywhere(grant) || !wideRoles.has(grant.object)) continue;
        const says = 'reads every Secret and acts as every service account';
        yield spotted(grant, cluster.cluster.name, says, whereIn(grant));
      }
    },
  },
  {
    about: 'cluster',
    id: 'EW-ACC-131',
    name: 'power over kube-system',
    severity: 'security',
    why: 'Programs of kube-system hold tokens that may do nearly everything. Whoever reads Secrets, starts or enters Pods or makes tokens there has what they have.',
    fix: 'leave kube-system out of the scope, or allow what does not read Secrets and does not start or enter Pods',
    *check(cluster, facts) {
      for (const grant of facts.grants(cluster)) {
        // Of what holds in all namespaces the rules of each power tell.
        if (isEverywhere(grant) || !holdsIn(grant, 'kube-system')) continue;
        const powers = powersOf(grant.rules);
        const held = escalations.filter(({ id }) => overPrograms.has(id) && powers.has(id));
        if (held.length === 0 && !grant.rules.some(isEverythingRule)) continue;
        const says = held.map(({ says: one }) => one).join('; ') || 'may do everything in the namespace';
        yield spotted(grant, cluster.cluster.name, says, 'in namespace `kube-system`');
      }
    },
  },
];

function isEverythingRule({ verbs, resources, resourceNames }: PolicyRule): boolean {
  return verbs.includes('*') && resources.includes('*') && resourceNames.length === 0;
}

function powerRule(escalation: Escalation): AccessRule {
  const { id, name, severity, why, says } = escalation;
  return {
    about: 'cluster',
    id: idOf[id] ?? id,
    name: `${name} everywhere`,
    severity,
    why: `${why} Here somebody has it in the whole cluster.`,
    fix: 'give it in the namespaces, and for the names, that need it',
    *check(cluster, facts) {
      for (const grant of grantsOfPower(facts.grants(cluster), id)) {
        if (makesAdmins(grant)) continue;
        // `bind` and `escalate` hold for Roles in a namespace as well; the others are usual there.
        if (!isEverywhere(grant) && id !== 'EW-AP-301') continue;
        if (wideRoles.has(grant.object) && id !== 'EW-AP-301') continue;
        yield spotted(grant, cluster.cluster.name, says, whereIn(grant));
      }
    },
  };
}

function whereIn(grant: Grant): string {
  if (grant.namespaces === undefined) return 'in the whole cluster';
  return isEverywhere(grant) ? 'in every namespace' : `in ${enumerate(grant.namespaces)}`;
}

function spotted(grant: Grant, clusterName: string, says: string, where: string): Spotted {
  const who = grant.by === 'association' ? 'is associated' : `gives it to ${enumerate(receivers(grant))}`;
  const { subject, object, at } = grant;
  return {
    ...{ subject, object, at },
    message: `\`${object}\` ${says}; \`${subject}\` ${who} ${where}`,
    fix: narrower(grant, clusterName),
  };
}

/** Less of the same. */
function narrower(grant: Grant, clusterName: string): string {
  if (grant.by === 'association') {
    return isEverywhere(grant)
      ? associate(clusterName, grant.subject, grant.policyArn, {
          type: 'namespace',
          namespaces: ['NAMESPACE'],
        })
      : disassociate(clusterName, grant.subject, grant.policyArn);
  }
  return grant.namespaces === undefined
    ? `take what is not needed out of \`${grant.object}\`, or replace \`${grant.subject}\` by RoleBindings`
    : `take what is not needed out of \`${grant.object}\`, or take subjects out of \`${grant.subject}\``;
}
