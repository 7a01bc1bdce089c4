import type { ClusterRecorder } from '../audit/requests.ts';
import type { JudgedToken } from './webhooks.ts';

/** Milliseconds for which the same verdict about the same credential is not recorded again. */
const quietTime = 5 * 60_000;
/** Verdicts that are remembered as recorded, each of those somebody vouched for and of those nobody did. */
const remembered = 10_000;

/**
 * Tells the trail of tokens of IAM identities and of whoever was let in, as requests for a TokenReview: API servers ask
 * about the same token every few minutes for as long as it is used, so that each verdict is told once in a while. What is
 * no token of ours is counted (`webhooks.ts`) and not recorded.
 */
export function createVerdictRecords(options: {
  readonly recorder: Pick<ClusterRecorder, 'record'>;
  readonly newId: () => string;
}): (judged: JudgedToken) => void {
  const told = createReminder();
  /** Apart, so that nobody can make real verdicts forgotten, and recorded again and again, with keys made up. */
  const toldOfStrangers = createReminder();
  return ({ cluster: { cluster }, authentication, sourceIp, userAgent, receivedAt }) => {
    const { outcome, evidence } = authentication;
    if (outcome === 'unavailable') return;
    const { code, accessKeyId, principalArn, principalId, mappedBy } = evidence;
    const user = outcome === 'authenticated' ? authentication.user : undefined;
    if (user === undefined && accessKeyId === undefined) return;
    const isStranger = user === undefined && principalId === undefined;
    const key = JSON.stringify([cluster.clusterId, accessKeyId ?? user?.uid, code, user?.username]);
    if ((isStranger ? toldOfStrangers : told)(key, receivedAt)) return;
    options.recorder.record({
      auditId: options.newId(),
      cluster,
      requestUri: '/apis/authentication.k8s.io/v1/tokenreviews',
      verb: 'create',
      sourceIp,
      ...(userAgent !== undefined && { userAgent }),
      receivedAt,
      authentication: {
        outcome,
        code,
        ...(user !== undefined && { user }),
        ...(accessKeyId !== undefined && { accessKeyId }),
        ...(principalArn !== undefined && { principalArn }),
        ...(principalId !== undefined && { principalId }),
        ...(mappedBy !== undefined && { mappedBy }),
      },
      attributes: {
        kind: 'resource',
        user: user ?? nobody,
        verb: 'create',
        apiGroup: 'authentication.k8s.io',
        apiVersion: 'v1',
        resource: 'tokenreviews',
        subresource: '',
        namespace: '',
        name: '',
      },
      // What the one who holds the token sees of it.
      ...(user === undefined ? { status: 401, reason: 'Unauthorized' } : { status: 201 }),
    });
  };
}

const nobody = { username: '', uid: '', groups: [], extra: {} };

/** Whether a key was given within the quiet time before; a clock that goes back makes every key new. */
function createReminder(): (key: string, now: number) => boolean {
  const since = new Map<string, number>();
  return (key, now) => {
    const before = since.get(key);
    if (before !== undefined && before <= now && now < before + quietTime) return true;
    since.delete(key);
    if (since.size >= remembered) {
      const [oldest] = since.keys();
      if (oldest !== undefined) since.delete(oldest);
    }
    since.set(key, now);
    return false;
  };
}
