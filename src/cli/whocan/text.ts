import type {
  AccessPath,
  PathIdentity,
  UnclearGrant,
  Whereabouts,
  WhoCanAnswer,
  WhoCanRow,
} from '../../engine/analysis/whocan/answer.ts';
import type { TransitiveRow } from '../../engine/analysis/whocan/transitive.ts';
import type { Question } from '../../engine/analysis/world/question.ts';
import { anySession } from '../../engine/analysis/world/sessions.ts';
import type { ClusterSubject, IamSubject } from '../../engine/analysis/world/subject.ts';
import { shortArn } from '../../server/evidence.ts';
import { counted } from '../render/counted.ts';
import { printable } from '../render/printable.ts';
import { renderTable } from '../render/table.ts';

/** How much of an answer is printed. */
export interface TextOptions {
  readonly paths?: true;
  /** Of the cluster: its principals are printed without what all ARNs of an account share. */
  readonly accountId: string;
}

/** A row per subject with the way that decides, or per way. */
export function renderRows({ rows, namespaces }: WhoCanAnswer, options: TextOptions): string {
  if (rows.length === 0) return '';
  const isAny = namespaces === 'any';
  const columns = ['subject', 'kind', ...(isAny ? ['where'] : []), 'how'].map((title) => ({ title }));
  const cells = rows.flatMap((row) => {
    const who = [subjectText(row.subject, options), kindText(row), ...(isAny ? [whereText(row.where)] : [])];
    return howTexts(row, options).map((how, at) =>
      [...(at === 0 ? who : who.map(() => '')), how].map(printable),
    );
  });
  return renderTable(columns, cells);
}

/** `role/team/ops`; with the whole ARN where it is another account's. */
function subjectText(subject: ClusterSubject, { accountId }: TextOptions): string {
  switch (subject.kind) {
    case 'iam':
      if (subject.type === 'account') return `anybody of ${subject.accountId}`;
      return subject.accountId === accountId ? shortArn(subject.arn) : subject.arn;
    case 'ServiceAccount':
      return `${subject.namespace}/${subject.name}`;
    case 'User':
    case 'Group':
      return subject.name;
    default:
      return subject satisfies never;
  }
}

const iamKinds: Readonly<Record<IamSubject['type'], string>> = {
  user: 'IAM user',
  role: 'IAM role',
  root: 'account root',
  federatedUser: 'federated user',
  rolePattern: 'IAM roles',
  account: 'IAM account',
};

/** What it is, and what one should know about it. */
function kindText({ subject, issuedBy, missing }: WhoCanRow): string {
  if (subject.kind === 'iam') {
    return `${iamKinds[subject.type]}${subject.standing === 'unlisted' ? ', not read' : ''}`;
  }
  return [
    subject.kind,
    ...(missing === true ? ['does not exist'] : []),
    ...(issuedBy === undefined ? [] : [`from ${issuedBy.join(' or ')}`]),
  ].join(', ');
}

function whereText(where: Whereabouts | undefined): string {
  if (where === undefined || where.everywhere) return 'everywhere';
  return someOf(where.namespaces, 3);
}

/** `a, b, c and 4 more` */
function someOf(items: readonly string[], shown: number): string {
  const left = items.length - shown;
  return left > 0 ? `${items.slice(0, shown).join(', ')} and ${left} more` : items.join(', ');
}

function howTexts({ paths, pathsLeftOut }: WhoCanRow, { paths: all }: TextOptions): readonly string[] {
  const [first, ...others] = paths;
  if (first === undefined) return [''];
  if (all === true) {
    return [
      ...paths.map(pathText),
      ...(pathsLeftOut > 0 ? [`and ${counted(pathsLeftOut, 'more way')}`] : []),
    ];
  }
  const more = others.length + pathsLeftOut;
  return [`${pathText(first)}${more > 0 ? ` (+${more} more)` : ''}`];
}

function pathText({ identity, grant }: AccessPath): string {
  const mapped = mappingText(identity);
  switch (grant.by) {
    case 'systemMasters':
      // Of the group itself there is nothing else to say.
      return [...mapped, 'system:masters may do everything'].join(' → ');
    case 'accessPolicy': {
      const { accessScope, expiresAt } = grant;
      const where = accessScope.type === 'cluster' ? 'the cluster' : someOf(accessScope.namespaces, 3);
      const until = expiresAt === undefined ? '' : ` until ${new Date(expiresAt).toISOString()}`;
      return [...mapped, `${grant.policyName} on ${where}${until}`].join(' → ');
    }
    case 'rbac': {
      const { through, binding, role } = grant;
      const isItself = mapped.length === 0 && (identity.username === '' || through.is === 'user');
      const at = binding.namespace === '' ? binding.name : `${binding.namespace}/${binding.name}`;
      return [
        ...mapped,
        ...(isItself ? [] : [`${through.is} ${through.name}`]),
        `${binding.kind} ${at}`,
        `${role.kind} ${role.name}`,
      ].join(' → ');
    }
    default:
      return grant satisfies never;
  }
}

function mappingText({ mappedBy, sessionName, accessKeyId }: PathIdentity): readonly string[] {
  if (mappedBy === undefined) return [];
  const named = sessionName === undefined || sessionName === anySession ? '' : `, session ${sessionName}`;
  const session = accessKeyId === undefined ? named : `${named}, key ${accessKeyId}`;
  switch (mappedBy.code) {
    case 'accessEntry':
      return [`entry ${shortArn(mappedBy.arn)}${session}`];
    case 'awsAuth':
      return [`aws-auth ${shortArn(mappedBy.arn)}${session}`];
    case 'awsAuthAccount':
      return [`aws-auth mapAccounts${session}`];
    case 'breakGlass':
      return ['break-glass'];
    case 'clusterCreator':
      return ['creator of the cluster'];
    default:
      return mappedBy.code satisfies never;
  }
}

/** `get secrets in namespace dev` */
export function questionWords(question: Question, namespaces: WhoCanAnswer['namespaces']): string {
  if (question.kind === 'nonResource') return `${question.verb} ${question.path}`;
  const { verb, resource, subresource, apiGroup, name, namespace } = question;
  const target = `${resource}${apiGroup === '' ? '' : `.${apiGroup}`}${subresource === '' ? '' : `/${subresource}`}`;
  const named = name === '' ? '' : ` named ${name}`;
  const where =
    namespaces === 'any' ? ' in some namespace' : namespace === '' ? '' : ` in namespace ${namespace}`;
  return `${verb} ${target}${named}${where}`;
}

/** What else should be known: policies of which nobody knows what they allow. */
export function unclearLines(unclear: readonly UnclearGrant[]): string {
  const shown = 5;
  const lines = unclear.slice(0, shown).map(({ principalArn, policyArn, reason }) => {
    const policy = policyArn.slice(policyArn.lastIndexOf('/') + 1);
    return reason === 'notPublished'
      ? `not known: ${shortArn(principalArn)} has ${policy}, of which AWS does not publish all rules`
      : `not known: ${shortArn(principalArn)} has ${policy}, which was not read`;
  });
  const more = unclear.length - shown;
  return [...lines, ...(more > 0 ? [`not known: ${more} more like these`] : [])]
    .map((line) => `${printable(line)}\n`)
    .join('');
}

/** Who can become one of them, a row per step. */
export function renderTransitive(rows: readonly TransitiveRow[], accountId: string): string {
  const own = `:${accountId}:`;
  const short = (text: string): string => (text.includes(own) ? shortArn(text) : text);
  return renderTable(
    ['who', 'what it does', 'to be'].map((title) => ({ title })),
    rows.flatMap(({ who, steps }) =>
      steps.map(({ message, becomes, certainty }, at) =>
        [
          at === 0 ? short(who) : '',
          `${certainty === 'sometimes' ? 'perhaps ' : ''}${message}`,
          short(becomes),
        ].map(printable),
      ),
    ),
  );
}
