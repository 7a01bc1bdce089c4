import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRandom } from '../differential/random.ts';
import { mutate } from './mutate.ts';
import { checkPolicy, policyKinds } from './properties.ts';

export interface Finding {
  readonly what: string;
  readonly kind: string;
  readonly text: string;
}

export interface Campaign {
  readonly executions: number;
  /** Ways in which the parser took a text, and so texts that were mutated further. */
  readonly shapes: number;
  readonly findings: readonly Finding[];
}

/** The stored texts: valid policies of every kind, and whatever once deserved a look. */
export function readCorpus(): readonly { readonly name: string; readonly text: string }[] {
  const folder = join(import.meta.dirname, 'corpus');
  return readdirSync(folder)
    .sort()
    .map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));
}

const mostFindings = 20;
const mostTexts = 2_000;

/** Mutates the corpus until `deadline` (of `performance.now()`), keeping every text that the parser takes in a new way. */
export function runCampaign(seed: number, deadline: number): Campaign {
  const random = createRandom(seed);
  const texts = readCorpus().map(({ text }) => text);
  const seen = new Set<string>();
  const findings: Finding[] = [];
  let executions = 0;
  const anyText = (): string => texts[random.below(texts.length)] ?? '';
  while (performance.now() < deadline && findings.length < mostFindings) {
    const text = mutate(random, anyText(), anyText());
    const kind = policyKinds[random.below(policyKinds.length)] ?? 'identity';
    const { finding, shape } = checkPolicy(text, kind);
    executions++;
    if (finding !== undefined) findings.push({ what: finding, kind, text });
    if (seen.has(shape)) continue;
    seen.add(shape);
    if (texts.length < mostTexts && text.length < 10_000) texts.push(text);
  }
  return { executions, shapes: seen.size, findings };
}
