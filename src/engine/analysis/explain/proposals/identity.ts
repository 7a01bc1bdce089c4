import { parsePrincipalArn } from '../../../arn/principalarn.ts';
import { blockTargetsOf } from '../../../identity/blocks.ts';
import { comparableArn } from '../../../identity/entries.ts';
import type { SnapshotAccessEntry } from '../../snapshot/snapshot.ts';
import { principalOf } from '../../world/callers.ts';
import { anySession } from '../../world/sessions.ts';
import type { IamSubject } from '../../world/subject.ts';
import type { Edit } from '../edits.ts';
import type { Candidate, Wanted } from './candidate.ts';
import {
  canHaveEntry,
  createEntryEdit,
  entriesAbout,
  isUsableGroup,
  isUsableUsername,
  plainUsername,
} from './entries.ts';

/** What may let a principal in that the cluster refuses for this reason; nothing where no change of the cluster helps. */
export function identityCandidates(wanted: Wanted, subject: IamSubject, code: string): readonly Candidate[] {
  const found = candidatesFor(wanted, subject, code);
  return canHaveEntry(subject)
    ? found
    : found.filter(({ edits }) => !edits.some(({ edit }) => edit === 'createEntry'));
}

function candidatesFor(wanted: Wanted, subject: IamSubject, code: string): readonly Candidate[] {
  const { cluster } = wanted.cluster;
  const { authenticationMode } = cluster;
  const { arn } = subject;
  switch (code) {
    case 'noMapping':
      return authenticationMode === 'CONFIG_MAP'
        ? [
            {
              kind: 'wayIn',
              summary: `let access entries count (there is no way back), and create one for \`${arn}\``,
              edits: [{ edit: 'setMode', mode: 'API_AND_CONFIG_MAP' }, createEntryEdit(arn)],
            },
          ]
        : [
            {
              kind: 'wayIn',
              summary: `create an access entry for \`${arn}\``,
              edits: [createEntryEdit(arn)],
            },
          ];
    case 'recreatedPrincipal':
    case 'entryOtherPath':
    case 'entryArnMismatch':
      return entriesAbout(wanted, subject).flatMap((entry) => recreated(wanted, entry, arn));
    case 'modeIgnoresEntries':
      return [
        {
          kind: 'wayIn',
          summary: 'let access entries count beside aws-auth (there is no way back)',
          edits: [{ edit: 'setMode', mode: 'API_AND_CONFIG_MAP' }],
        },
      ];
    case 'modeIgnoresAwsAuth':
      return entryInsteadOfItem(wanted, subject);
    case 'awsAuthPath':
      return [...withoutPath(wanted, subject), ...entryInsteadOfItem(wanted, subject)];
    case 'reservedName':
    case 'emptyUsername':
    case 'emptyPlaceholder':
    case 'noInstanceId': {
      const entries = entriesAbout(wanted, subject).filter(({ type }) => type === 'STANDARD');
      return entries.length > 0
        ? entries.map((entry) => withPlainNames(entry, subject))
        : entryInsteadOfItem(wanted, subject);
    }
    case 'blocked':
      return unblocked(wanted, subject);
    default:
      return [];
  }
}

/** The entry anew, with all it had, and with nothing: what it had may be more than is asked for. */
function recreated({ now }: Wanted, entry: SnapshotAccessEntry, arn: string): readonly Candidate[] {
  const remove: Edit = { edit: 'deleteEntry', principalArn: entry.principalArn };
  const bare: Candidate = {
    kind: 'wayIn',
    summary: `delete the access entry of \`${entry.principalArn}\` and create one for \`${arn}\` that gives nothing yet`,
    edits: [remove, createEntryEdit(arn)],
  };
  if (entry.type !== 'STANDARD') return [];
  const { kubernetesGroups: groups, associatedPolicies } = entry;
  const username = entry.username === plainUsername(entry.principalArn) ? '' : entry.username;
  const associations = associatedPolicies
    .filter(({ expiresAt }) => expiresAt === undefined || now < expiresAt)
    .map(
      ({ policyArn, accessScope }): Edit => ({
        edit: 'associate',
        principalArn: arn,
        policyArn,
        accessScope,
      }),
    );
  if (username === '' && groups.length === 0 && associations.length === 0) return [bare];
  return [
    {
      kind: 'wayIn',
      summary: `delete the access entry of \`${entry.principalArn}\` and create it for \`${arn}\` as it is now, with all it gives`,
      edits: [remove, createEntryEdit(arn, { username, groups }), ...associations],
    },
    bare,
  ];
}

/** Names that EKS itself would give, and the groups that can be given. */
function withPlainNames(
  { principalArn, username, kubernetesGroups }: SnapshotAccessEntry,
  subject: IamSubject,
): Candidate {
  const groups = kubernetesGroups.filter((group) => isUsableGroup(group, subject));
  return {
    kind: 'wayIn',
    summary: `give the access entry of \`${principalArn}\` names that can be used`,
    edits: [
      {
        edit: 'updateEntry',
        principalArn,
        ...(!isUsableUsername(username, subject) && { username: plainUsername(principalArn) }),
        ...(groups.length < kubernetesGroups.length && { kubernetesGroups: groups }),
      },
    ],
  };
}

/** An entry that does what the item of aws-auth was meant to do, as far as entries can. */
function entryInsteadOfItem(wanted: Wanted, subject: IamSubject): readonly Candidate[] {
  const { arn } = subject;
  const { authenticationMode, awsAuth } = wanted.cluster.cluster;
  if (authenticationMode === 'CONFIG_MAP') return [];
  const comparable = comparableArn(arn);
  const item = [...(awsAuth?.roles ?? []), ...(awsAuth?.users ?? [])].findLast((one) => {
    const written = 'userarn' in one ? one.userarn : one.rolearn;
    return written !== undefined && comparableArn(written) === comparable;
  });
  if (item === undefined)
    return [
      { kind: 'wayIn', summary: `create an access entry for \`${arn}\``, edits: [createEntryEdit(arn)] },
    ];
  const groups = item.groups.filter((group) => isUsableGroup(group, subject));
  const username = isUsableUsername(item.username, subject) ? item.username : '';
  const left = item.groups.filter((group) => !groups.includes(group)).map((group) => `\`${group}\``);
  return [
    {
      kind: 'wayIn',
      summary: `create an access entry for \`${arn}\` with the name and groups it has in aws-auth${
        left.length === 0 ? '' : ` (but ${left.join(', ')}, which entries cannot give)`
      }`,
      edits: [createEntryEdit(arn, { username, groups })],
    },
  ];
}

/** The trap of aws-auth: the ARN must be written without its path (eks-access-facts G10). */
function withoutPath({ cluster: { cluster } }: Wanted, { arn }: IamSubject): readonly Candidate[] {
  const to = comparableRole(arn);
  const from = cluster.awsAuth?.roles.findLast(
    ({ rolearn }) => rolearn !== undefined && rolearn !== to && comparableArn(rolearn) === comparableArn(arn),
  )?.rolearn;
  const text = cluster.awsAuthData?.mapRoles;
  if (from === undefined || to === undefined || text?.includes(from) !== true) return [];
  // As a part of another ARN it would change that one, too.
  const at = text.indexOf(from);
  const isWhole = text.split(from).length === 2 && !/[\w+=,.@-]/.test(text.charAt(at + from.length));
  if (!isWhole) return [];
  return [
    {
      kind: 'wayIn',
      summary: `write \`${to}\` in aws-auth, without the path`,
      edits: [{ edit: 'replaceInAwsAuth', key: 'mapRoles', from, to, text: text.replace(from, () => to) }],
    },
  ];
}

function comparableRole(arn: string): string | undefined {
  const named = parsePrincipalArn(arn);
  return named?.kind === 'role'
    ? `arn:${named.partition}:iam::${named.accountId}:role/${named.name}`
    : undefined;
}

/** What shuts the principal out, whatever its session. */
function unblocked({ snapshot, now }: Wanted, subject: IamSubject): readonly Candidate[] {
  const targets = new Set(
    blockTargetsOf(principalOf(subject, snapshot.partition, anySession)).map(
      ({ kind, target }) => `${kind} ${target}`,
    ),
  );
  const blocks = snapshot.blocks.filter(
    ({ kind, target, until }) => (until === undefined || now < until) && targets.has(`${kind} ${target}`),
  );
  if (blocks.length === 0) return [];
  return [
    {
      kind: 'wayIn',
      summary: `take ${blocks.map(({ target }) => `\`${target}\``).join(', ')} off the block list: first ask who put it there`,
      edits: blocks.map(({ target }) => ({ edit: 'unblock', target })),
    },
  ];
}
