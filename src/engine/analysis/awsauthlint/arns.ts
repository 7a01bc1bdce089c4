import { parseArn } from '../../arn/arn.ts';
import { lowerAscii } from '../../arn/case.ts';
import { isPartition } from '../../arn/partitions.ts';
import { parsePrincipalArn } from '../../arn/principalarn.ts';
import type { Position } from '../../iam/position.ts';
import type { Report } from './finding.ts';

/** Whether an ARN can match what STS reports of a caller (eks-access-facts G8, G10, G11). */
export function lintArn(
  key: 'mapRoles' | 'mapUsers',
  arn: string,
  element: string,
  position: Position,
  report: Report,
): void {
  const parsed = parsePrincipalArn(arn) ?? parsePrincipalArn(lowerAscii(arn));
  if (parsed === undefined) {
    reportNoPrincipal(arn, element, position, report);
    return;
  }
  const { partition, accountId } = parsed;
  switch (parsed.kind) {
    case 'role': {
      const bare = `arn:${partition}:iam::${accountId}:role/${nameOf(arn)}`;
      if (parsed.path !== '/') {
        report(
          'EW-AUTH-021',
          element,
          position,
          `\`${arn}\` never matches: nobody reports a role’s path to a cluster`,
          `write \`${bare}\``,
        );
      }
      if (key === 'mapUsers') {
        report(
          'EW-AUTH-024',
          element,
          position,
          `\`${arn}\` is a role`,
          'move the item to `mapRoles`, as `rolearn`',
        );
      }
      return;
    }
    case 'user':
      if (key === 'mapRoles') {
        report(
          'EW-AUTH-024',
          element,
          position,
          `\`${arn}\` is a user`,
          'move the item to `mapUsers`, as `userarn`',
        );
      }
      return;
    case 'root':
      report(
        'EW-AUTH-024',
        element,
        position,
        `\`${arn}\` matches the root user of the account and nobody else of it`,
        `for everybody of the account there is \`mapAccounts\``,
      );
      return;
    case 'assumedRole':
      report(
        'EW-AUTH-022',
        element,
        position,
        `\`${arn}\` never matches: a session is looked up by its role`,
        `write \`arn:${partition}:iam::${accountId}:role/${parsed.name}\``,
      );
      return;
    case 'federatedUser':
      return;
    default:
      parsed satisfies never;
  }
}

function reportNoPrincipal(arn: string, element: string, position: Position, report: Report): void {
  const partition = parseArn(arn)?.partition;
  if (partition !== undefined && !isPartition(partition)) {
    report(
      'EW-AUTH-023',
      element,
      position,
      `\`${partition}\` of \`${arn}\` is no partition of AWS: it matches nobody`,
    );
    return;
  }
  const why = arn.trim() !== arn ? 'has white space around it' : 'is no ARN of a role or user';
  const hint =
    arn.trim() !== arn
      ? 'leave it out'
      : /[*?]/.test(arn)
        ? 'aws-auth knows no wildcards: give `sso` for a permission set, or make access entries'
        : 'for example arn:aws:iam::111122223333:role/NAME';
  report('EW-AUTH-020', element, position, `\`${arn}\` ${why}: it matches nobody`, hint);
}

function nameOf(arn: string): string {
  return arn.slice(arn.lastIndexOf('/') + 1);
}
