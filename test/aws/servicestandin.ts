/** AWS's IAM and EC2, as far as GetRole, GetUser and DescribeInstances go: signed by header, answered in XML. */
import { readAuthorization } from './signature.ts';
import { createTlsStandIn, type TlsStandIn } from './tlsstandin.ts';

export interface ServiceStandInOptions {
  /** Secrets by access key id. */
  readonly keys: Readonly<Record<string, string>>;
  /** Roles and users by name, without path. */
  readonly principals?: Readonly<Record<string, { readonly arn: string; readonly id: string }>>;
  /** Private DNS names by instance. */
  readonly instances?: Readonly<Record<string, string>>;
}

export interface ServiceStandIn extends TlsStandIn {
  /** Actions that are answered so instead. */
  readonly answers: Map<string, { readonly status: number; readonly body: string }>;
  /** Instances asked about, by call. */
  readonly asked: string[][];
  hold(): void;
  release(): void;
}

const awsHosts = ['iam.amazonaws.com', 'ec2.us-east-1.amazonaws.com'];

export async function createServiceStandIn({
  keys,
  principals = {},
  instances = {},
}: ServiceStandInOptions): Promise<ServiceStandIn> {
  const answers: ServiceStandIn['answers'] = new Map();
  const asked: string[][] = [];
  let held: (() => void)[] | undefined;

  const answer = (
    action: string,
    values: URLSearchParams,
  ): { readonly status: number; readonly body: string } => {
    const scripted = answers.get(action);
    if (scripted !== undefined) return scripted;
    const name = values.get('RoleName') ?? values.get('UserName') ?? '';
    const found = principals[name];
    switch (action) {
      case 'GetRole':
      case 'GetUser': {
        if (found === undefined) {
          return {
            status: 404,
            body: `<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>The role with name ${name} cannot be found.</Message></Error><RequestId>1</RequestId></ErrorResponse>`,
          };
        }
        const element = action.slice(3);
        return {
          status: 200,
          body: `<${action}Response xmlns="https://iam.amazonaws.com/doc/2010-05-08/">\n  <${action}Result><${element}><Arn>${found.arn}</Arn><${element}Id>${found.id}</${element}Id></${element}></${action}Result>\n</${action}Response>\n`,
        };
      }
      case 'DescribeInstances': {
        const ids = [...values].filter(([key]) => key.startsWith('Filter.1.Value.')).map(([, id]) => id);
        asked.push(ids);
        const items = ids
          .filter((id) => instances[id] !== undefined)
          .map(
            (id) =>
              `<item><instancesSet><item><instanceId>${id}</instanceId><instanceState><code>16</code></instanceState><privateDnsName>${instances[id]}</privateDnsName></item></instancesSet></item>`,
          );
        return {
          status: 200,
          body: `<?xml version="1.0" encoding="UTF-8"?>\n<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>1</requestId><reservationSet>${items.join('')}</reservationSet></DescribeInstancesResponse>`,
        };
      }
      default:
        return {
          status: 400,
          body: '<ErrorResponse><Error><Code>InvalidAction</Code></Error></ErrorResponse>',
        };
    }
  };

  const standIn = await createTlsStandIn({
    hosts: awsHosts,
    handle(request, body, response) {
      const run = (): void => {
        const values = new URLSearchParams(body);
        const action = values.get('Action') ?? '';
        const { isSound, scope } = readAuthorization(request, body, (id) => keys[id]);
        const wanted =
          action === 'DescribeInstances' ? 'us-east-1/ec2/aws4_request' : 'us-east-1/iam/aws4_request';
        const { status, body: text } =
          isSound && scope === wanted
            ? answer(action, values)
            : {
                status: 403,
                body: '<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code></Error></ErrorResponse>',
              };
        response.writeHead(status, { 'content-type': 'text/xml' }).end(text);
      };
      if (held === undefined) run();
      else held.push(run);
    },
  });
  return {
    ...standIn,
    answers,
    asked,
    hold() {
      held ??= [];
    },
    release() {
      const runs = held ?? [];
      held = undefined;
      for (const run of runs) run();
    },
  };
}
