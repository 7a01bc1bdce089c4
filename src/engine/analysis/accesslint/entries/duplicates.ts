import type { AccessScope } from '../../../accesspolicies/scope.ts';
import { disassociate } from '../commands.ts';
import { policyName } from '../names.ts';
import type { AccessRule } from '../rule.ts';
import { ownEntries } from './empty.ts';

/** AWS's policies of which each allows all of those after it (eks-access-facts C2a). */
const chains: readonly (readonly string[])[] = [
  ['AmazonEKSClusterAdminPolicy', 'AmazonEKSAdminPolicy', 'AmazonEKSEditPolicy', 'AmazonEKSViewPolicy'],
  ['AmazonEKSClusterAdminPolicy', 'AmazonEKSAdminViewPolicy', 'AmazonEKSSecretReaderPolicy'],
];

export const duplicateEntryRules: readonly AccessRule[] = [
  {
    about: 'cluster',
    id: 'EW-ACC-307',
    name: 'access policy within another of the same entry',
    severity: 'suggestion',
    why: 'Policies of an entry add up (eks-access-facts C4): one that another contains adds nothing, and keeps the access when the other is taken away.',
    fix: 'end the association of the smaller policy',
    *check(cluster, facts) {
      const { now } = facts;
      for (const { entry, base } of ownEntries(cluster, facts)) {
        const { associatedPolicies, principalArn } = entry;
        for (const small of associatedPolicies) {
          // Of one that ended another rule tells.
          if (small.expiresAt !== undefined && small.expiresAt <= now) continue;
          const wide = associatedPolicies.find(
            (other) =>
              other !== small &&
              other.expiresAt === undefined &&
              isWithin(policyName(small.policyArn), policyName(other.policyArn)) &&
              scopeWithin(small.accessScope, other.accessScope),
          );
          if (wide === undefined) continue;
          const [name, other] = [policyName(small.policyArn), policyName(wide.policyArn)];
          yield {
            ...{ ...base, object: name },
            message: `\`${name}\` adds nothing to \`${other}\`, which \`${principalArn}\` has in the same place`,
            fix: disassociate(cluster.cluster.name, principalArn, small.policyArn),
          };
        }
      }
    },
  },
];

function isWithin(small: string, wide: string): boolean {
  return chains.some((chain) => chain.includes(wide) && chain.indexOf(small) > chain.indexOf(wide));
}

/** No is the answer where that is hard to tell. */
function scopeWithin(small: AccessScope, wide: AccessScope): boolean {
  if (wide.type === 'cluster') return true;
  return small.type === 'namespace' && small.namespaces.every((name) => wide.namespaces.includes(name));
}
