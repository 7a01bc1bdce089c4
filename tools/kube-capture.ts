/**
 * Records the protobuf bodies real kubectl sends, for test/cases/kube/protobuf-bodies.json. Needs `kubectl` 1.32 or
 * newer and `openssl`:
 *
 *   node tools/kube-capture.ts [path to kubectl]
 *
 * The server answers discovery, accepts every write with 201 and knows no object: enough for the commands below.
 */
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  aggregatedDiscovery,
  aggregatedDiscoveryMediaType,
  apiResourceList,
} from '../src/wire/kube/discovery.ts';
import { builtInResources } from '../src/wire/kube/resources.ts';
import { notFound } from '../src/wire/kube/status.ts';

const kubectl = process.argv[2] ?? 'kubectl';
const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'kube-capture-'));

const commands: readonly string[] = [
  'create namespace team-a',
  'create role reader --verb=get,list --resource=pods,pods/log --resource-name=p1 -n team-a',
  'create role scaler --verb=update --resource=deployments.apps/scale -n team-a',
  'create rolebinding readers --role=reader --user=alice --group=devs --serviceaccount=team-a:bot -n team-a',
  'create clusterrole urls --verb=get --non-resource-url=/healthz --non-resource-url=/metrics/*',
  'create clusterrole everything --aggregation-rule=rbac.example.com/aggregate=true',
  'create clusterrolebinding admins --clusterrole=cluster-admin --group=ops',
  'create serviceaccount bot -n team-a',
  'create token bot -n team-a --audience=sts.example.com --duration=1h --bound-object-kind=Secret --bound-object-name=s1 --bound-object-uid=6f1c',
  'create configmap settings --from-literal=mode=on --from-literal=empty= -n team-a',
  'create secret generic keys --from-literal=token=documentation-only -n team-a',
  'create secret docker-registry pull --docker-server=registry.example.com --docker-username=u --docker-password=documentation-only -n team-a',
  'create deployment web --image=web:1 --replicas=2 --port=8080 -n team-a',
  'create job once --image=job:1 -n team-a -- echo hello',
  'create cronjob nightly --image=job:1 --schedule=0_3_*_*_* -n team-a',
  'create service clusterip front --tcp=80:8080 --tcp=443:https -n team-a',
  'create service nodeport node --tcp=80:8080 --node-port=30080 -n team-a',
  'create ingress site --rule=example.com/app*=front:80,tls=cert --class=public -n team-a',
  'create quota limits --hard=pods=4,requests.cpu=500m -n team-a',
  'create poddisruptionbudget keep --selector=app=web --min-available=50% -n team-a',
  'create priorityclass urgent --value=1000 --preemption-policy=Never --description=important',
  'auth can-i create pods/exec -n team-a',
  'auth can-i create pods --subresource=exec -n team-a',
  'auth can-i list deployments.apps -A',
  'auth can-i get /healthz',
  'auth can-i --list -n team-a',
  'auth whoami',
];

interface Captured {
  readonly command: string;
  readonly path: string;
  readonly base64: string;
}
const captured: Captured[] = [];
let current = '';

execFileSync(
  'openssl',
  [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'],
    ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'],
    ...['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')],
  ],
  { stdio: 'ignore' },
);

const server = createServer(
  { key: readFileSync(join(folder, 'key.pem')), cert: readFileSync(join(folder, 'cert.pem')) },
  async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const path = (request.url ?? '').split('?')[0] ?? '';
    const send = (code: number, value: unknown, type = 'application/json'): void => {
      response.writeHead(code, { 'Content-Type': type }).end(JSON.stringify(value));
    };
    if (path === '/api')
      return send(200, aggregatedDiscovery(builtInResources, 'core'), aggregatedDiscoveryMediaType);
    if (path === '/apis')
      return send(200, aggregatedDiscovery(builtInResources, 'groups'), aggregatedDiscoveryMediaType);
    const list = /^\/(?:api|apis\/([^/]+))\/([^/]+)$/.exec(path);
    if (list !== null) return send(200, apiResourceList(builtInResources, list[1] ?? '', list[2] ?? ''));
    if (request.headers['content-type'] === 'application/vnd.kubernetes.protobuf') {
      captured.push({ command: current, path, base64: body.toString('base64') });
      return send(201, {});
    }
    send(404, notFound({ group: '', resource: 'objects' }, 'none').status);
  },
);
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const address = server.address();
if (address === null || typeof address === 'string') throw new Error('no port');

try {
  for (const command of commands) {
    current = command;
    const before = captured.length;
    const args = command
      .split(' ')
      .map((word) => (word.startsWith('--schedule') ? word.replaceAll('_', ' ') : word));
    await run(
      kubectl,
      [
        `--server=https://127.0.0.1:${address.port}`,
        `--certificate-authority=${join(folder, 'cert.pem')}`,
        '--token=documentation',
        `--cache-dir=${join(folder, 'cache')}`,
        ...args,
      ],
      { env: { PATH: process.env.PATH ?? '', HOME: folder } },
    ).catch((error: unknown) => {
      if (captured.length === before) console.error(`${command}: ${String(error)}`);
    });
  }
} finally {
  server.close();
  server.closeAllConnections();
  rmSync(folder, { recursive: true });
}
const target = join(import.meta.dirname, '../test/cases/kube/protobuf-bodies.json');
writeFileSync(target, `${JSON.stringify(captured, null, 1)}\n`);
console.log(`${captured.length} bodies of ${commands.length} commands`);
