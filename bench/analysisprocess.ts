import { readFileSync } from 'node:fs';
import { growHeapSlowly } from '../src/cli/analysis/heap.ts';
import { lintAccess } from '../src/engine/analysis/accesslint/accesslint.ts';
import { diffAccess } from '../src/engine/analysis/diff/diff.ts';
import { explainRequest } from '../src/engine/analysis/explain/request.ts';
import { planMigration } from '../src/engine/analysis/migrate/create.ts';
import { proveMigration } from '../src/engine/analysis/migrate/proof.ts';
import { whoCanEverywhere } from '../src/engine/analysis/whocan/whocan.ts';
import { createWorld, type World } from '../src/engine/analysis/world/world.ts';
import { lintInputs } from '../src/sources/lintinputs.ts';
import { parseSnapshot } from '../src/sources/saved/saved.ts';
import { parseQuestion } from '../src/wire/kube/question.ts';
import { median } from './measure.ts';

/** Times in milliseconds. */
export interface AnalysisFigures {
  readonly load: number;
  readonly whoCanFirst: number;
  readonly whoCan: number;
  readonly whoCanRows: number;
  readonly askingEverybody: number;
  readonly lint: number;
  readonly lintFindings: number;
  /** Of one cluster: a refusal with what would change it, and the end of its aws-auth with the proof. */
  readonly explain: number;
  readonly proposals: number;
  readonly migrate: number;
  readonly proved: number;
  readonly diff: number;
  readonly diffChanged: number;
  /** The most this process has had with one snapshot, loaded and asked. */
  readonly residentBytes: number;
  /** The same at the end of the comparison, which needs a second one. */
  readonly residentBytesOfBoth: number;
}

/** Run by `analysis.ts` with the file of a saved snapshot: prints `AnalysisFigures` as JSON. */
const [file = ''] = process.argv.slice(2);
growHeapSlowly();

const timed = <Value>(run: () => Value): readonly [Value, number] => {
  const started = performance.now();
  const value = run();
  return [value, performance.now() - started];
};

const [world, load] = timed(() => createWorld(parseSnapshot(readFileSync(file, 'utf8'), file)));
const question = parseQuestion('get', 'secrets', { namespace: 'ns-1' });
const [, whoCanFirst] = timed(() => whoCanEverywhere(world, question));
const rounds = ['get', 'list', 'watch', 'get', 'list', 'watch', 'delete'].map((verb) =>
  timed(() => whoCanEverywhere(world, parseQuestion(verb, 'secrets', { namespace: 'ns-1' }))),
);
const [, askingEverybody] = timed(() => everybodyAsked(world));
const [findings, lint] = timed(() => lintAccess(world, lintInputs()).findings);

const [explained, explain] = timed(() => oneRefusal(world));
const [proved, migrate] = timed(() => oneMigration(world));
const residentBytes = mostResident();
const [changes, diff] = timed(() => diffAccess(world, createWorld(withoutBindings(world))).changes);

const figures: AnalysisFigures = {
  ...{ load, whoCanFirst },
  whoCan: median(rounds.map(([, time]) => time)),
  whoCanRows: rounds[0]?.[0].reduce((sum, { rows }) => sum + rows.length, 0) ?? 0,
  ...{ askingEverybody, lint, lintFindings: findings.length },
  ...{ explain, proposals: explained, migrate, proved, diff, diffChanged: changes.length },
  residentBytes,
  residentBytesOfBoth: mostResident(),
};
process.stdout.write(JSON.stringify(figures));

/** How many changes are proposed to the first who may not do it. */
function oneRefusal({ clusters: [cluster] }: World): number {
  const subject = cluster
    ?.subjects()
    .find(
      (one) =>
        one.kind === 'iam' &&
        cluster.identitiesOf(one).identities.length > 0 &&
        !cluster.can(one, question).allowed,
    );
  if (cluster === undefined || subject === undefined) throw new Error('nobody is refused there');
  return explainRequest(world, cluster, subject, question, { extensions: true }).changes.length;
}

/** Of how many principals it is proved. */
function oneMigration({ clusters: [cluster] }: World): number {
  if (cluster === undefined) throw new Error('there is no cluster');
  const { principals, unchanged } = proveMigration(world, cluster, planMigration(world, cluster));
  return principals.length + unchanged;
}

function mostResident(): number {
  return process.resourceUsage().maxRSS * 1024;
}

/** The same question without an index. */
function everybodyAsked({ clusters }: World): number {
  return clusters.reduce(
    (sum, cluster) =>
      sum + cluster.subjects().filter((subject) => cluster.can(subject, question).allowed).length,
    0,
  );
}

/** What a pull request may do: one binding of each cluster goes. */
function withoutBindings({ snapshot }: World): World['snapshot'] {
  return {
    ...snapshot,
    clusters: snapshot.clusters.map((cluster) => ({
      ...cluster,
      rbac: cluster.rbac.filter(
        (object, at) => at !== cluster.rbac.findLastIndex(({ kind }) => kind === object.kind),
      ),
    })),
  };
}
