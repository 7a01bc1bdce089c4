import type {
  AppliedStatement,
  ConditionFinding,
  IamDecision,
  PolicySource,
  StatementMiss,
  StatementRef,
} from '../../iam/decision.ts';
import type { IamCondition } from '../iamworld/answer.ts';
import type { ExplainMiss } from './explanation.ts';

/** `statement 2 (AllowEks) of inline policy `ci` of role `ops``. */
function statementText({ policy, index, sid }: StatementRef): string {
  const name = sid === undefined ? '' : ` (\`${sid}\`)`;
  return `statement ${index + 1}${name} of ${policyText(policy)}`;
}

function policyText({ type, name, bearer }: PolicySource): string {
  switch (type) {
    case 'inline':
      return `inline policy \`${name}\`${bearer === undefined ? '' : ` of ${bearer.kind} \`${bearer.name}\``}`;
    case 'managed':
      return `managed policy \`${name}\``;
    case 'trust':
      return `the trust policy of role \`${name}\``;
    case 'resource':
      return `the policy of resource \`${name}\``;
    case 'boundary':
      return `permissions boundary \`${name}\``;
    case 'session':
      return `session policy \`${name}\``;
    case 'scp':
      return `service control policy \`${name}\``;
    case 'rcp':
      return `resource control policy \`${name}\``;
    default:
      return type satisfies never;
  }
}

/** `condition `StringEquals` on `aws:PrincipalTag/team` wants `red`, and the request does not have the key`. */
function conditionText(
  { operator, key, values, absent }: ConditionFinding,
  unknown: boolean,
  known: KnownValues = () => undefined,
): string {
  const value = known(key);
  const state = unknown
    ? 'which cannot be judged'
    : absent
      ? 'and the request does not have the key'
      : value === undefined
        ? 'and the request has another value'
        : `and the request has \`${value}\``;
  return `condition \`${operator}\` on \`${key}\` compares with ${listed(values)}, ${state}`;
}

function listed(values: readonly string[]): string {
  const shown = values.slice(0, 5).map((value) => `\`${value}\``);
  return values.length === 0 ? 'nothing' : `${shown.join(' or ')}${values.length > shown.length ? ' …' : ''}`;
}

/** What a request has for a condition key, as written in a policy; undefined where that is not known. */
export type KnownValues = (key: string) => string | undefined;

/** Why a statement that allows something did not allow this, with what would have to change. */
export function missText(
  { statement, element, unknown, condition }: StatementMiss,
  known?: KnownValues,
): ExplainMiss {
  const which = statementText(statement);
  switch (element) {
    case 'condition':
      return {
        code: 'condition',
        message: `${which}: ${condition === undefined ? 'a condition is not met' : conditionText(condition, unknown, known)}`,
        hint: 'call so that the condition is met, or change the condition',
      };
    case 'resource':
      return {
        code: 'resource',
        message: `${which} allows the action, ${unknown ? 'on resources that cannot be judged' : 'on other resources'}`,
        hint: 'add the resource to the statement',
      };
    case 'action':
      return {
        code: 'action',
        message: `${which} allows other actions`,
        hint: 'add the action to a statement',
      };
    case 'principal':
      return {
        code: 'principal',
        message: `${which} is for ${unknown ? 'principals that cannot be judged' : 'other principals'}`,
        hint: 'add the principal to the statement',
      };
    default:
      return element satisfies never;
  }
}

/** What decided, in one line. */
export function decidedText(
  { decision, step, statements }: IamDecision,
  action: string,
  resource: string,
): string {
  const what = `\`${action}\` on \`${resource}\``;
  switch (decision) {
    case 'allowed':
      return step === 'root'
        ? `the root of an account may do ${what}; no policy is needed`
        : `${allowing(statements)} ${statements.length > 1 ? 'allow' : 'allows'} ${what}`;
    case 'explicitDeny': {
      const [first] = statements;
      if (first === undefined) return `${what} is denied`;
      const { statement, assumed, condition } = first;
      const why =
        assumed === undefined
          ? ''
          : `; it counts because ${condition === undefined ? `its ${assumed} cannot be judged` : conditionText(condition, true)}`;
      return `${statementText(statement)} denies ${what}${why}`;
    }
    case 'implicitDeny':
      return `${noAllow[step]} ${what}`;
    default:
      return decision satisfies never;
  }
}

function allowing(statements: readonly AppliedStatement[]): string {
  const texts = statements.map(({ statement }) => statementText(statement));
  return texts.length === 0 ? 'a policy' : texts.join(', and ');
}

const noAllow: Readonly<Record<IamDecision['step'], string>> = {
  identity: 'no policy of the principal allows',
  boundary: 'the policies of the principal allow it, but no statement of its permissions boundary allows',
  session: 'the session policy does not allow',
  resource: 'the policy of the resource does not allow',
  trust: 'the trust policy of the role does not allow',
  account: 'the resource is of another account, which no policy opens for',
  credential: 'AWS does not accept this kind of credential for',
  scp: 'no service control policy of the organization allows',
  rcp: 'a resource control policy of the organization does not allow',
  root: 'nothing allows',
};

/** What to do next, by the step that refused. */
export const iamHints: Readonly<Record<IamDecision['step'], string>> = {
  identity: 'give the principal a statement that allows it',
  boundary:
    'have the permissions boundary widened by whoever set it: policies of the principal cannot go beyond it',
  session: 'sign in without the session policy, or with one that allows it',
  resource: 'have the policy of the resource allow the principal',
  trust: 'add the principal to the trust policy of the role',
  account: 'use a role of the account that has the resource',
  credential: 'use a user or role that exists: root and missing principals cannot do this',
  scp: 'ask whoever runs the organization: service control policies bind all accounts below them',
  rcp: 'ask whoever runs the organization: resource control policies bind all its resources',
  root: 'give the principal a statement that allows it',
};

/** What an answer of `sometimes` depends on, one line each. */
export function openText(condition: IamCondition): string {
  switch (condition.kind) {
    case 'condition': {
      const { effect, statement, operator, key, values } = condition;
      const what = `\`${operator}\` on \`${key}\` ${listed(values)} (${statementText(statement)})`;
      return effect === 'Allow' ? `only if ${what}` : `unless ${what}`;
    }
    case 'variable': {
      const keys = condition.keys.map((key) => `\`${key}\``).join(', ');
      return `${condition.effect === 'Allow' ? 'only if' : 'unless'} the resource fits, which depends on ${keys} (${statementText(condition.statement)})`;
    }
    case 'policyNotRead':
      return `policy \`${condition.arn ?? condition.name}\` was not read: it may allow or deny it`;
    case 'principalNotRead':
      return `the account of \`${condition.arn}\` was not read: its policies may allow or deny it`;
    case 'roleNotRead':
      return `the trust policy of \`${condition.arn}\` was not read`;
    case 'session':
      return `it depends on whether the session is named \`${condition.sessionName}\``;
    default:
      return condition satisfies never;
  }
}
