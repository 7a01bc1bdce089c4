import { authenticateFile, authorizeFile } from '../bundle/input.ts';
import type { Call, WebhookTarget } from './call.ts';
import { checkAnswer, checkClientCertificate, checkPlainAccess, describeFailedCall } from './connection.ts';
import type { Finding } from './finding.ts';
import { accessReview, checkAccess, checkGarbageToken, checkToken, nobody, tokenReview } from './reviews.ts';

export interface WebhooksToCheck {
  readonly authenticate: WebhookTarget;
  readonly authorize: WebhookTarget;
  /** `isGiven`: the operator named whose token it is, so that a refusal matters. */
  readonly token: { readonly text: string; readonly whose: string; readonly isGiven: boolean };
  /** The certificate was issued for the moment: there is nothing to say about its end. */
  readonly isPassing?: boolean;
  readonly call: Call;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** Asks both webhooks what an API server asks, with the same address and certificate, and tells how they answer. */
export async function checkWebhooks(webhooks: WebhooksToCheck): Promise<readonly Finding[]> {
  const { authenticate, authorize, token, call, now } = webhooks;
  const findings: Finding[] = webhooks.isPassing ? [] : [...checkCertificates(webhooks)];
  let user: Awaited<ReturnType<typeof checkToken>>['user'];
  const isReached = await guarded(findings, authenticate, authenticateFile, async () => {
    const first = await checkGarbageToken(authenticate, 'v1', call);
    findings.push(...checkAnswer(first.answer, authenticate, now()), ...first.findings);
    findings.push(...(await checkGarbageToken(authenticate, 'v1beta1', call)).versionFindings);
    const judged = await checkToken(authenticate, token.text, { ...token, call });
    findings.push(...judged.findings);
    user = judged.user;
  });
  // The same address: what is wrong with it was said.
  const isElsewhere = new URL(authorize.url).host !== new URL(authenticate.url).host;
  if (isReached || isElsewhere) {
    await guarded(findings, authorize, authorizeFile, async () => {
      findings.push(...(await checkAccess(authorize, 'v1', user, call)));
      findings.push(...(await checkAccess(authorize, 'v1beta1', user, call)));
    });
  }
  if (isReached) {
    findings.push(
      await checkPlainAccess(authenticate, tokenReview('v1', 'not-a-token-of-anybody'), call),
      await checkPlainAccess(authorize, accessReview('v1', nobody), call),
    );
  }
  return findings;
}

/** Runs checks that need an answer; where there is none, tells why. Answers whether there was one. */
async function guarded(
  findings: Finding[],
  target: WebhookTarget,
  file: string,
  check: () => Promise<void>,
): Promise<boolean> {
  try {
    await check();
    return true;
  } catch (error) {
    findings.push(describeFailedCall(error, target, file));
    return false;
  }
}

function checkCertificates({ authenticate, authorize, now }: WebhooksToCheck): readonly Finding[] {
  const first = checkClientCertificate(authenticate, authenticateFile, now());
  return authorize.certificate === authenticate.certificate && authorize.key === authenticate.key
    ? first
    : [...first, ...checkClientCertificate(authorize, authorizeFile, now())];
}
