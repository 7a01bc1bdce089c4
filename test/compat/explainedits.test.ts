/**
 * What `explain` proposes is pasted into a shell, with stock clients, against a running server: then what was asked is
 * allowed, nobody else has more, and who asked has no more than the proposal said.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ListClustersCommand } from '@aws-sdk/client-eks';
import { AuthorizationV1Api } from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openWorld } from '../../src/cli/analysis/source.ts';
import { createProgram } from '../../src/cli/program.ts';
import { onlyCluster } from '../../src/engine/analysis/ask/onlycluster.ts';
import { parseSubject } from '../../src/engine/analysis/ask/subject.ts';
import { diffAccess } from '../../src/engine/analysis/diff/diff.ts';
import { applyEdits } from '../../src/engine/analysis/explain/applyedits.ts';
import { anyCluster, explainAws } from '../../src/engine/analysis/explain/aws.ts';
import type { Edit } from '../../src/engine/analysis/explain/edits.ts';
import type { ExplainedRefusals } from '../../src/engine/analysis/explain/last.ts';
import { exactRule } from '../../src/engine/analysis/explain/questiontext.ts';
import { explainRequest } from '../../src/engine/analysis/explain/request.ts';
import { subjectKey } from '../../src/engine/analysis/world/subject.ts';
import { createWorld, type World } from '../../src/engine/analysis/world/world.ts';
import { parseQuestion } from '../../src/wire/kube/question.ts';
import { awsCliDirectory, awsCliUnavailable, kubectlDirectory, newestKubectl, run } from './clients.ts';
import type { KubernetesUser } from './kubernetes.ts';
import type { Keys } from './process.ts';
import { npxDirectory, until } from './process.ts';
import { associate, createEntry, openScene, type Scene } from './scene.ts';
import { type AuthenticationMode, createCluster, createUser, outcome, roleArn, rootKeys } from './world.ts';

const unavailable = awsCliUnavailable();
const because = unavailable === undefined ? '' : ` (not run: ${unavailable})`;
const hour = 3_600_000;

/** Names that a shell, or a command, would read as more than a name. */
const hostile = "it's $(touch pwned) `touch pwned`";
const hostileOption = '--server=$(touch pwned)';

/** Every kind of edit there is; what a row of the table makes is counted. */
const made: Record<Edit['edit'], number> = {
  ...{ createEntry: 0, updateEntry: 0, deleteEntry: 0, associate: 0, createPolicy: 0, setMode: 0 },
  ...{ replaceInAwsAuth: 0, createRole: 0, bind: 0, addToRule: 0, unblock: 0 },
};

let scene: Scene;
let keysOf: Readonly<Record<string, () => Promise<Keys>>>;

beforeAll(async () => {
  if (unavailable !== undefined) return;
  scene = await openScene();
  for (const name of ['visitor', 'ops', 'pathed', 'blocked', 'remade', 'cluster', 'trusting']) {
    await scene.role(name, name === 'pathed' ? '/team/' : '/');
  }
  const ula = await createUser(scene.root, 'ula');
  keysOf = { ula: async () => ula };
  // The two commands that are ours, as they are printed.
  const npx = npxDirectory(scene.directory);
  writeFileSync(join(npx, 'entryway'), `#!/bin/sh\nexec '${npx}/npx' entryway "$@"\n`, { mode: 0o755 });
  programs = [npx, awsCliDirectory(), kubectlDirectory(newestKubectl)].join(':');
}, 60_000);

afterAll(() => scene?.close());

let programs = '';

/** In a shell as it is printed; the cluster is the kubeconfig's. */
async function paste(command: string, creator: KubernetesUser): Promise<void> {
  const { accessKeyId, secretAccessKey } = rootKeys(scene.connection);
  const config = join(scene.directory, 'kubeconfig');
  writeFileSync(config, creator.config.exportConfig(), { mode: 0o600 });
  const { awsEndpoint, region } = scene.connection;
  const { code, stderr } = await run('sh', ['-euc', command], {
    cwd: scene.directory,
    env: {
      ...{ PATH: `${programs}:${process.env.PATH}`, HOME: scene.directory, KUBECONFIG: config },
      ...{ AWS_ENDPOINT_URL: awsEndpoint, AWS_REGION: region, AWS_DEFAULT_REGION: region },
      ...{ AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey },
      ENTRYWAY_DATA: join(scene.directory, 'data'),
    },
  });
  expect(code, `${command}: ${stderr}`).toBe(0);
}

/** A command of ours that only sets the scene, or looks: in this process. Answers standard output. */
async function ours(...words: readonly string[]): Promise<string> {
  let out = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    out += String(chunk);
    return true;
  });
  try {
    await createProgram().parseAsync(['node', 'entryway', ...words, '--data', scene.connection.dataDir]);
    return out;
  } finally {
    write.mockRestore();
  }
}

interface Row {
  readonly mode?: AuthenticationMode;
  readonly as: string;
  readonly question: readonly [verb: string, resource: string, namespace?: string, name?: string];
  readonly proposal: RegExp;
  /** What it gives beside the one thing asked for; nothing when not given. */
  readonly givesMore?: true;
  /** To whom else; nobody when not given. */
  readonly others?: readonly string[];
  /** After this many hours. */
  readonly later?: number;
  readonly prepare?: (cluster: string, creator: KubernetesUser) => Promise<unknown>;
}

const rbac = 'rbac.authorization.k8s.io';
const subjects = (kind: 'User' | 'Group', name: string) => [{ kind, name, apiGroup: rbac }];
const grant = (name: string, rules: readonly object[], to = subjects('Group', 'devs')): readonly object[] => [
  { apiVersion: `${rbac}/v1`, kind: 'Role', metadata: { name, namespace: 'default' }, rules },
  {
    ...{ apiVersion: `${rbac}/v1`, kind: 'RoleBinding', metadata: { name: 'bound', namespace: 'default' } },
    ...{ roleRef: { apiGroup: rbac, kind: 'Role', name }, subjects: to },
  },
];
const awsAuth = (data: object): object => ({
  ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'aws-auth', namespace: 'kube-system' } },
  data,
});
const arnOf = (path: string): string => `arn:aws:iam::${scene.connection.accountId}:${path}`;
const asDeveloper = (cluster: string): Promise<void> =>
  createEntry(scene.root, cluster, arnOf('user/ula'), { kubernetesGroups: ['devs'] });

const rows: Readonly<Record<string, Row>> = {
  'a role nobody let in gets an entry and a policy of its own': {
    ...{ as: 'role/visitor', question: ['get', 'secrets', 'default', 'db'] },
    proposal: /^create an access entry for .*, and make access policy/,
  },
  'a role with an entry gets a new group with a role of its own': {
    ...{ as: 'role/ops', question: ['delete', 'deployments.apps', 'default'] },
    proposal: /bind it to a new group/,
    prepare: (cluster) =>
      createEntry(scene.root, cluster, arnOf('role/ops'), { kubernetesGroups: ['-e', 'b'] }),
  },
  'a policy holds in one more namespace': {
    ...{ as: 'role/ops', question: ['get', 'pods', 'kube-public'], givesMore: true },
    proposal: /^let access policy `AmazonEKSViewPolicy` hold in namespace `kube-public` as well$/,
    prepare: async (cluster) => {
      await createEntry(scene.root, cluster, arnOf('role/ops'));
      await associate(scene.root, cluster, arnOf('role/ops'), 'AmazonEKSViewPolicy', 'default', 'team-*');
    },
  },
  'a policy whose end is over is renewed': {
    ...{ as: 'role/ops', question: ['get', 'pods', 'default'], givesMore: true, later: 2 },
    proposal: /^renew access policy/,
    prepare: async (cluster) => {
      await createEntry(scene.root, cluster, arnOf('role/ops'));
      await ours('associate', cluster, arnOf('role/ops'), 'AmazonEKSViewPolicy', '--for', '1h');
    },
  },
  'a role made anew gets its entry made anew': {
    ...{ as: 'role/remade', question: ['get', 'pods', 'default'], givesMore: true },
    proposal: /with all it gives$/,
    prepare: async (cluster) => {
      await createEntry(scene.root, cluster, arnOf('role/remade'), { kubernetesGroups: ['devs'] });
      await associate(scene.root, cluster, arnOf('role/remade'), 'AmazonEKSViewPolicy', 'default');
      await scene.deleteRole('remade');
      await scene.role('remade');
    },
  },
  'a path is taken out of aws-auth': {
    ...{ as: 'role/pathed', question: ['get', 'pods', 'default'] },
    proposal: /in aws-auth, without the path$/,
    prepare: (_, creator) =>
      creator.apply(
        ...grant('readers', [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }]),
        awsAuth({
          mapRoles: `- rolearn: ${arnOf('role/team/pathed')} # it's there\n  username: pathed\n  groups: [devs]\n`,
        }),
      ),
  },
  'entries begin to count, for a user who gets one': {
    ...{ mode: 'CONFIG_MAP', as: 'user/ula', question: ['get', '/metrics'] },
    proposal: /^let access entries count .*, and make ClusterRole `get-metrics`.* bind it to user/,
  },
  'a role of a hostile name gets one verb more': {
    ...{ as: 'user/ula', question: ['list', 'pods', 'default'] },
    others: ['Group:devs'],
    proposal: /^add verb `list` to rule 2 of Role `--server/,
    prepare: async (cluster, creator) => {
      await asDeveloper(cluster);
      await creator.apply(
        ...grant(hostileOption, [
          { apiGroups: [''], resources: ['configmaps'], verbs: ['get'] },
          { apiGroups: [''], resources: ['pods'], verbs: ['get'] },
        ]),
      );
    },
  },
  'a role of a hostile name gets one more name': {
    ...{ as: 'user/ula', question: ['get', 'secrets', 'default', hostile] },
    others: ['Group:devs'],
    proposal: /^add name .* to rule 1 of Role `it's/,
    prepare: async (cluster, creator) => {
      await asDeveloper(cluster);
      const rule = { apiGroups: [''], resources: ['secrets'], resourceNames: ['a'], verbs: ['get'] };
      await creator.apply(...grant(hostile, [rule]));
    },
  },
  'the role that a binding names and that is not there is made': {
    ...{ as: 'user/ula', question: ['get', 'widgets.example.com', 'default'] },
    others: ['Group:devs'],
    proposal: /^make the missing Role `it's/,
    prepare: async (cluster, creator) => {
      await asDeveloper(cluster);
      await creator.apply(...grant(hostile, []).slice(1));
    },
  },
  'a role that is there is bound': {
    ...{ as: 'user/ula', question: ['get', 'pods', 'default'], givesMore: true },
    proposal: /^bind Role `-narrow` to user/,
    prepare: async (cluster, creator) => {
      await createEntry(scene.root, cluster, arnOf('user/ula'), { username: `-${hostile}` });
      const rule = { apiGroups: [''], resources: ['pods', 'configmaps'], verbs: ['get'] };
      await creator.apply(...grant('-narrow', [rule]).slice(0, 1));
    },
  },
  'who comes by aws-auth with odd names gets an entry with the same': {
    ...{ as: 'role/ops', question: ['get', 'secrets', 'default'] },
    proposal: /^create an access entry like its item in aws-auth, and associate access policy `AmazonEKSSec/,
    givesMore: true,
    prepare: (_, creator) =>
      creator.apply(
        awsAuth({
          mapRoles: JSON.stringify([
            {
              ...{ rolearn: arnOf('role/ops'), username: 'file:///etc/hostname' },
              groups: ['--profile', '["a"]', 'https://example.com/', hostile],
            },
          ]),
        }),
      ),
  },
  'who is blocked is taken off the list': {
    ...{ as: 'role/blocked', question: ['get', 'pods', 'default'], givesMore: true },
    proposal: /off the block list/,
    prepare: async (cluster) => {
      await createEntry(scene.root, cluster, arnOf('role/blocked'));
      await associate(scene.root, cluster, arnOf('role/blocked'), 'AmazonEKSViewPolicy', 'default');
      await ours('block', 'add', arnOf('role/blocked'));
    },
  },
};

function fail(title: string): never {
  throw new Error(`no row ${title}`);
}

const worldOf = (cluster: string, at?: number): Promise<World> =>
  openWorld({
    ...{ data: scene.connection.dataDir, cluster: [cluster] },
    ...(at !== undefined && { at }),
  });

test.skipIf(unavailable !== undefined).each(Object.keys(rows))(
  `%s${because}`,
  async (title: string) => {
    const row = rows[title] ?? fail(title);
    const cluster = `c${Object.keys(rows).indexOf(title)}`;
    await createCluster(scene.root, scene.connection, cluster, row.mode);
    const creator = await scene.enter(cluster, rootKeys(scene.connection));
    await row.prepare?.(cluster, creator);
    const at = row.later === undefined ? undefined : Date.now() + row.later * hour;
    const before = await worldOf(cluster, at);
    const there = onlyCluster(before);
    const subject = parseSubject(row.as, there);
    const [verb, resource, namespace, name] = row.question;
    const question = parseQuestion(verb, resource, {
      ...(namespace !== undefined && { namespace }),
      ...(name !== undefined && { name }),
    });
    const { changes } = explainRequest(before, there, subject, question, { extensions: true, limit: 20 });
    const change = changes.find(({ summary }) => row.proposal.test(summary));
    if (change === undefined)
      throw new Error(
        `nothing of this kind is proposed: ${changes.map(({ summary }) => summary).join('\n')}`,
      );
    const { adds, edits, commands } = change;
    expect(adds.pairs > 0, JSON.stringify(adds)).toBe(row.givesMore === true);
    expect(adds).toMatchObject({ everything: false, others: row.others ?? [], othersKnown: true });

    for (const command of commands) await paste(command, creator);
    for (const { edit } of edits) made[edit]++;

    const after = await worldOf(cluster, at);
    const here = onlyCluster(after);
    expect(here.can(parseSubject(row.as, here), question).allowed).toBe(true);
    // What was printed is what was tried: the server is where the copy was.
    const copy = applyEdits({ snapshot: before.snapshot, cluster: there.cluster }, edits, before.now);
    const wanted = createWorld({ ...copy.snapshot, clusters: [copy.cluster] }, { now: before.now });
    expect(diffAccess(wanted, after).changes).toEqual([]);

    const { changes: changed } = diffAccess(before, after);
    const users = here.identitiesOf(subject).identities.map(({ user }) => user);
    const own = new Set([
      subjectKey(subject),
      ...users.flatMap(({ username, groups }) => [
        `User:${username}`,
        ...groups.map((one) => `Group:${one}`),
      ]),
    ]);
    const gaining = changed.filter((one) => one.gained.length > 0);
    expect(gaining.map(({ key }) => key).filter((key) => !own.has(key))).toEqual([]);
    expect(changed.flatMap(({ lost }) => lost)).toEqual([]);
    const gained = changed.flatMap((one) => one.gained.flatMap(({ rules }) => rules.map(({ rule }) => rule)));
    if (row.givesMore !== true) for (const rule of gained) expect(rule).toEqual(exactRule(question));
    expect(gained.length).toBeGreaterThan(0);

    // The server's own word, to the very person.
    if (row.later !== undefined) return;
    const who = row.as.slice(row.as.indexOf('/') + 1);
    const path = who === 'pathed' ? 'team/pathed' : who;
    const keys = await (keysOf[who]?.() ?? scene.session(path, 'sam'));
    const { config } = await scene.enter(cluster, keys);
    const spec =
      question.kind === 'nonResource'
        ? { nonResourceAttributes: { verb, path: question.path } }
        : { resourceAttributes: { ...question, group: question.apiGroup } };
    const review = await config
      .makeApiClient(AuthorizationV1Api)
      .createSelfSubjectAccessReview({ body: { spec } });
    expect(review.status?.allowed).toBe(true);
  },
  60_000,
);

test.skipIf(unavailable !== undefined)(
  'each kind of edit was made by one of them, and no name was run',
  () => {
    expect(existsSync(join(scene.directory, 'pwned'))).toBe(false);
    expect(Object.entries(made).filter(([, times]) => times === 0)).toEqual([]);
  },
);

test.skipIf(unavailable !== undefined).for([
  ['a user', 'user/ula', 'eks:DescribeCluster', 'arn:aws:eks:us-east-1:111122223333:cluster/c0'],
  ['a role', 'role/visitor', 'eks:ListClusters', '*'],
  [
    'a role that is to trust somebody, and a user who may not ask yet',
    'user/ula',
    'sts:AssumeRole',
    'trusting',
  ],
] as const)('a statement for %s is put in place', async ([, as, action, resource]) => {
  const creator = await scene.enter('c0', rootKeys(scene.connection));
  const target = resource === 'trusting' ? roleArn(scene.connection, 'trusting') : resource;
  const ask = async () => {
    const world = await worldOf('c0');
    const any = anyCluster(world);
    const subject = parseSubject(as, any);
    if (subject.kind !== 'iam') throw new Error('of IAM');
    return { world, ...explainAws(world, any, { subject, action, resource: target }) };
  };
  const before = await ask();
  expect(before.certainty).toBe('never');
  const [change] = before.changes;
  expect(change?.certain).toBe(true);
  for (const command of change?.commands ?? []) await paste(command, creator);
  expect((await ask()).certainty).toBe('always');
});

test.skipIf(unavailable !== undefined)(
  'what was refused last is held against what holds now',
  async () => {
    const { root, connection } = scene;
    await scene.role('latecomer');
    await createCluster(root, connection, 'last');
    const keys = await scene.session('latecomer', 'lena');
    const enter = () => scene.enter('last', keys);
    const last = async (): Promise<ExplainedRefusals> =>
      JSON.parse(await ours('explain', 'last', '-N', '3', '-o', 'json')) as ExplainedRefusals;
    const told = ({ refusals }: ExplainedRefusals) =>
      refusals.map(({ who, what, authentication, now }) => [
        ...[who.slice(who.indexOf('/') + 1), what.split(' ')[0], authentication?.code],
        now.map(({ verdict }) => verdict).join(),
      ]);
    const list = async () => (await enter()).core.listNamespacedSecret({ namespace: 'default' });
    const code = async (call: Promise<unknown>): Promise<unknown> =>
      call.catch((error: { readonly code?: unknown; readonly name?: string }) => error.code ?? error.name);

    expect(await code(list())).toBe(401);
    await createEntry(root, 'last', arnOf('role/latecomer'), { username: 'late:{{SessionName}}' });
    expect(await code(list())).toBe(403);
    const { eks } = scene.as(keys);
    expect(await outcome(eks.send(new ListClustersCommand({})))).toBe('AccessDeniedException');
    expect(
      await outcome(scene.as({ ...keys, secretAccessKey: 'no' }).eks.send(new ListClustersCommand({}))),
    ).toMatch(/Signature/);
    await until(
      async () => (await last()).refusals[0]?.authentication !== undefined,
      'the trail has the last call',
    );
    const [signature, call, request] = told(await last());
    expect(signature?.slice(1)).toEqual(['eks:ListClusters', expect.stringMatching(/Signature/), '']);
    expect(call).toEqual(['latecomer/lena', 'eks:ListClusters', undefined, 'refused']);
    expect(request).toEqual(['late:lena', 'k8s:list', undefined, 'refused']);

    // For one session by its name, which is what the refused one is called; and the 401 has an entry since.
    await (await scene.enter('last', rootKeys(connection))).apply(
      ...grant(
        'readers',
        [{ apiGroups: [''], resources: ['secrets'], verbs: ['list'] }],
        [{ kind: 'User', name: 'late:lena', apiGroup: rbac }],
      ),
    );
    const all = JSON.parse(
      await ours('explain', 'last', '-N', '9', '--cluster', 'last', '-o', 'json'),
    ) as ExplainedRefusals;
    expect(told(all)).toEqual([
      ['late:lena', 'k8s:list', undefined, 'allowed'],
      [expect.stringContaining('latecomer'), 'k8s:list', 'noMapping', 'allowed'],
    ]);
    const page = await ours('explain', 'last', '-N', '3');
    expect(page).toContain('now: it would be allowed');
    expect(page).toContain('more: entryway explain aws eks:ListClusters');
    const secrets = [keys.secretAccessKey, keys.sessionToken ?? '', (await enter()).token];
    for (const secret of secrets) expect(page + JSON.stringify(all)).not.toContain(secret);
  },
  60_000,
);
