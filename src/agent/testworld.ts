import { createServer, type IncomingHttpHeaders, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Agent, type AgentOptions, createAgent } from './agent.ts';

/** What the fake EKS Auth answers a call with; what is missing is as it should be. */
export interface FakeAnswer {
  readonly status?: number;
  /** Modelled error, with its message. */
  readonly error?: readonly [code: string, message: string];
  /** Seconds that the credentials live, from the world's clock. */
  readonly life?: number;
  /** Resolves when the answer may go. */
  readonly after?: Promise<void>;
  /** Cuts the connection instead. */
  readonly breaks?: boolean;
  readonly body?: string;
}

export interface AgentWorld {
  readonly agent: Agent;
  readonly port: number;
  /** Tokens that EKS Auth was asked about, in order. */
  readonly asked: string[];
  readonly calls: { readonly path: string; readonly headers: IncomingHttpHeaders }[];
  readonly logged: string[];
  /** Of these, the warnings. */
  readonly warned: string[];
  /** Milliseconds; the agent's clock. */
  time: number;
  /** Answers further calls with these, in turn; the last one again and again. */
  answers(...answers: readonly FakeAnswer[]): void;
  get(options?: GetOptions): Promise<Got>;
  close(): Promise<void>;
}

export interface GetOptions {
  readonly token?: string;
  readonly host?: string;
  readonly path?: string;
  readonly method?: string;
}

export interface Got {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export const start = Date.parse('2026-01-15T12:00:00Z');

/** A token in the form of a projected one; nobody signed it. `exp` and `nbf` are milliseconds after the start. */
export function podToken({
  name = 'app',
  lasts = 86_400_000,
  from = start,
  aud = ['pods.eks.amazonaws.com'] as unknown,
  nbf = 0,
  ...others
}: {
  readonly name?: string;
  readonly lasts?: number;
  readonly from?: number;
  readonly aud?: unknown;
  readonly nbf?: number;
  readonly exp?: unknown;
} = {}): string {
  const claims = { aud, exp: (from + lasts) / 1000, nbf: (from + nbf) / 1000, sub: name, ...others };
  return [{ alg: 'RS256', kid: 'a' }, claims, 'signature']
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
}

export async function openAgentWorld(options: Partial<AgentOptions> = {}): Promise<AgentWorld> {
  let script: FakeAnswer[] = [{}];
  let time = start;
  const eksAuth = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const { token } = JSON.parse(Buffer.concat(chunks).toString()) as { readonly token: string };
    world.asked.push(token);
    world.calls.push({ path: incoming.url ?? '', headers: incoming.headers });
    const answer = (script.length > 1 ? script.shift() : script[0]) ?? {};
    await answer.after;
    if (answer.breaks) return void incoming.socket.destroy();
    const { error, status = error === undefined ? 200 : 400, life = 6 * 3600 } = answer;
    outgoing.writeHead(status, {
      'content-type': 'application/json',
      'x-amzn-requestid': 'request-1',
      ...(error && { 'x-amzn-errortype': error[0] }),
    });
    const good = {
      subject: { namespace: 'shop', serviceAccount: 'app' },
      audience: 'pods.eks.amazonaws.com',
      podIdentityAssociation: { associationArn: 'arn', associationId: 'a-0123456789abcdefg' },
      assumedRoleUser: {
        arn: 'arn:aws:sts::444455556666:assumed-role/app/eks-demo-pod',
        assumeRoleId: 'AROA:x',
      },
      credentials: {
        accessKeyId: `ASIA${world.asked.length}`,
        secretAccessKey: 'secret-of-the-pod',
        sessionToken: 'session-of-the-pod',
        expiration: time / 1000 + life,
      },
    };
    outgoing.end(answer.body ?? JSON.stringify(error ? { message: error[1] } : good));
  });
  await new Promise<void>((resolve) => eksAuth.listen(0, '127.0.0.1', resolve));
  const logged: string[] = [];
  const warned: string[] = [];
  const note = (fields: object, message: string): void =>
    void logged.push(`${message} ${JSON.stringify(fields)}`);
  const agent = createAgent({
    clusterName: 'demo',
    endpoint: `http://127.0.0.1:${(eksAuth.address() as AddressInfo).port}`,
    region: 'us-east-1',
    credentials: async () => ({ accessKeyId: 'AKIANODE', secretAccessKey: 'secret-of-the-node' }),
    log: {
      debug: note,
      info: note,
      warn(fields, message) {
        note(fields, message);
        warned.push(message);
      },
    },
    now: () => time,
    random: () => 0,
    sweepInterval: 0,
    ...options,
  });
  const server = agent.podServer('127.0.0.1');
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const world: AgentWorld = {
    ...{ agent, port, logged, warned, asked: [], calls: [] },
    get time() {
      return time;
    },
    set time(value) {
      time = value;
    },
    answers: (...answers) => {
      script = [...answers];
    },
    get: ({ token, host = `127.0.0.1:${port}`, path = '/v1/credentials', method = 'GET' } = {}) =>
      send(port, { method, path, headers: { host, ...(token !== undefined && { authorization: token }) } }),
    async close() {
      await agent.close(0);
      eksAuth.closeAllConnections();
      await new Promise((resolve) => eksAuth.close(resolve));
    },
  };
  return world;
}

export function send(
  port: number,
  options: {
    readonly method: string;
    readonly path: string;
    readonly headers?: Readonly<Record<string, string>>;
  },
): Promise<Got> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, agent: false, ...options }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }));
    })
      .on('error', reject)
      .end();
  });
}
