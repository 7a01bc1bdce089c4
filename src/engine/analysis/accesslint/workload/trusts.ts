import { compileWildcard } from '../../../arn/wildcard.ts';
import type { ConditionEntry, Statement } from '../../../iam/document.ts';
import { podIdentityAudience } from '../../../podcredentials/names.ts';
import { withoutVariables } from '../../policylint/patterns.ts';
import { enumerate } from '../../policylint/policy.ts';
import type { SnapshotAccount, SnapshotRole } from '../../snapshot/snapshot.ts';
import { command } from '../commands.ts';
import type { Facts } from '../facts.ts';
import { hostOf, narrows, oidcProviders, rewriteTrust, trusting } from '../iam/trust.ts';
import type { AccessRule, Spotted } from '../rule.ts';
import { type Breadth, subjectBreadth } from './breadth.ts';
import { isClusterIssuer, issuerHosts, wouldBeKnown } from './issuers.ts';

/** What a trust for Pod Identity says of the Pods that may have the role (eks-access-facts J8). */
const podKeys = /^aws:(?:requesttag\/(?:eks-cluster-|kubernetes-).+|source(?:arn|account))$/i;

/** Whom roles trust of the service accounts of clusters. Of a trust without any subject `EW-POL-603` tells. */
export const workloadTrustRules: readonly AccessRule[] = [
  {
    about: 'account',
    id: 'EW-ACC-801',
    name: 'role for service accounts of any namespace',
    severity: 'security',
    why: 'A wildcard in the namespace of `sub` means namespaces that do not exist yet, too: whoever may make Pods in one of them has the role.',
    fix: 'name the service accounts that need it, each with its namespace',
    *check(account, facts) {
      yield* broad(account, facts, (breadth, host, pattern) => {
        if (breadth === 'everyNamespace') {
          return `trusts service accounts of every namespace of the cluster at \`${host}\`: \`${pattern}\``;
        }
        return breadth === 'someNamespaces'
          ? `trusts service accounts of all namespaces of the cluster at \`${host}\` whose names fit: \`${pattern}\``
          : undefined;
      });
    },
  },
  {
    about: 'account',
    id: 'EW-ACC-802',
    name: 'role for all service accounts of a namespace',
    severity: 'warning',
    why: 'Every Pod of the namespace can have the role, also one that runs as `default`, and one that nobody thought of.',
    fix: 'name the service accounts that need it',
    *check(account, facts) {
      yield* broad(account, facts, (breadth, host, pattern) =>
        breadth === 'wholeNamespace'
          ? `trusts all service accounts of a namespace of the cluster at \`${host}\`: \`${pattern}\``
          : undefined,
      );
    },
  },
  {
    about: 'account',
    id: 'EW-ACC-803',
    name: 'audience that the identity provider does not take',
    severity: 'warning',
    why: 'STS takes no token for an audience that the provider does not list, so that nobody can assume the role with one.',
    fix: 'correct the condition on `aud`, or add the audience to the provider',
    needs: ['identityProviders'],
    *check({ roles, oidcProviders: known }) {
      const clientIds = new Map(known.map(({ arn, clientIds }) => [arn, clientIds]));
      for (const { role, statement, base } of trusting(roles)) {
        for (const provider of oidcProviders(statement)) {
          const taken = clientIds.get(provider);
          const wanted = taken && audiencesWanted(statement, hostOf(provider));
          const wrong = wanted?.find(({ values }) => !taken?.some((one) => meets(one, values)));
          if (taken === undefined || wrong === undefined) continue;
          const [first] = wrong.values;
          yield {
            ...{ ...base, object: provider },
            message: `\`${role.arn}\` wants tokens for ${enumerate(wrong.values)}, and \`${hostOf(provider)}\` takes ${taken.length === 0 ? 'none' : `those for ${enumerate(taken)}`}`,
            fix: () =>
              command(
                ...['aws', 'iam', 'add-client-id-to-open-id-connect-provider'],
                ...['--open-id-connect-provider-arn', provider, '--client-id', first ?? ''],
              ),
          };
        }
      }
    },
  },
  {
    about: 'account',
    id: 'EW-ACC-804',
    name: 'identity provider of a cluster that is gone',
    severity: 'warning',
    why: 'No cluster that was read has this issuer. Whoever comes to answer at its address, or has its old keys, is whom roles trust.',
    fix: 'delete the provider, and the statements of roles that trust it',
    needs: ['identityProviders', 'clusters'],
    *check({ roles, oidcProviders: known, accountId }, { world: { snapshot } }) {
      const hosts = issuerHosts(snapshot);
      const gone = known.filter(({ arn }) => {
        const host = hostOf(arn);
        return !hosts.has(host) && wouldBeKnown(host, accountId, snapshot);
      });
      if (gone.length === 0) return;
      const trustedBy = new Map<string, Set<string>>();
      for (const { role, statement } of trusting(roles)) {
        for (const provider of oidcProviders(statement)) {
          trustedBy.set(provider, (trustedBy.get(provider) ?? new Set()).add(role.name));
        }
      }
      for (const { arn } of gone) {
        const names = [...(trustedBy.get(arn) ?? [])];
        yield {
          subject: arn,
          message: `none of the clusters that were read has the issuer \`${hostOf(arn)}\`${
            names.length === 0 ? '' : `, which ${enumerate(names)} trust${names.length === 1 ? 's' : ''}`
          }`,
          fix: command(
            ...['aws', 'iam', 'delete-open-id-connect-provider', '--open-id-connect-provider-arn', arn],
          ),
        };
      }
    },
  },
  {
    about: 'account',
    id: 'EW-ACC-822',
    name: 'Pod Identity trusted for every cluster of the account',
    severity: 'suggestion',
    why: 'The trust does not say for which Pods: whoever may make associations in any cluster of the account, and may pass the role, gives it to Pods there.',
    fix: 'add conditions on aws:RequestTag/eks-cluster-arn, kubernetes-namespace and kubernetes-service-account',
    *check({ roles, accountId }, { workloads, world: { snapshot } }) {
      const count = snapshot.clusters.filter((cluster) => cluster.accountId === accountId).length;
      if (count < 2) return;
      const found = new Map<string, SnapshotRole>();
      for (const { role, statement } of trusting(roles)) {
        const isForPods = statement.principal?.entries.some(
          ({ type, value }) => type === 'Service' && value === podIdentityAudience,
        );
        if (isForPods !== true || statement.conditions.some((one) => narrows(one, podKeys))) continue;
        // One that several clusters are given is meant for more than one.
        const given = new Set((workloads.get(role.arn) ?? []).map(({ cluster }) => cluster.arn));
        if (given.size < 2) found.set(role.arn, role);
      }
      const [first] = found.values();
      if (first === undefined) return;
      // AWS's own examples write it so: one remark for all, where each would drown the others.
      const names = [...found.values()].map(({ name }) => name).sort();
      yield {
        subject: `arn:${snapshot.partition}:iam::${accountId}:root`,
        // All of them: who suppresses it decides on these, and not on what comes later.
        object: names.join(' '),
        message: `${enumerate(names)} ${names.length === 1 ? 'trusts' : 'trust'} Pod Identity of each of the ${count} clusters of the account, for any service account`,
        fix: rewriteTrust(first, 'with a condition on `aws:RequestTag/eks-cluster-arn`'),
      };
    },
  },
];

type Told = (breadth: Breadth, host: string, pattern: string) => string | undefined;

function* broad({ roles }: SnapshotAccount, { world: { snapshot } }: Facts, told: Told): Generator<Spotted> {
  const known = issuerHosts(snapshot);
  for (const { role, statement, base } of trusting(roles)) {
    for (const provider of oidcProviders(statement)) {
      const host = hostOf(provider);
      const found = subjectBreadth(statement, host, isClusterIssuer(host, known));
      const text = found && told(found.breadth, host, found.pattern);
      if (found === undefined || text === undefined) continue;
      yield {
        ...{ ...base, object: found.pattern },
        message: `\`${role.arn}\` ${text}`,
        fix: rewriteTrust(role, `with the service accounts that need it on \`${host}:sub\``),
      };
    }
  }
}

function audiencesWanted({ conditions }: Statement, host: string): readonly ConditionEntry[] {
  return conditions.filter(
    ({ key, operator }) =>
      key.toLowerCase() === `${host}:aud`.toLowerCase() &&
      /^(?:ForAnyValue:)?String(?:Equals|Like)$/i.test(operator),
  );
}

/** By values as patterns, which names most: what is told here holds whatever the operator is. */
function meets(clientId: string, values: readonly string[]): boolean {
  return values.some((value) => compileWildcard(withoutVariables(value))(clientId));
}
