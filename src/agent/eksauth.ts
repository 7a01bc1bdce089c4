import { AwsRefusal, createAwsClient } from '../clients/aws.ts';
import type { Gate } from '../clients/gate.ts';
import { services } from '../wire/protocols/services.ts';
import type { SigningCredentials } from '../wire/sigv4/sign.ts';
import { type AssumedForPod, type PodCredentials, podCredentialsOf } from './podcredentials.ts';
import { mayPass, NodeUnknown } from './refusal.ts';

/** Whom the agent asks. Throws AwsRefusal where EKS Auth refuses, else what went wrong on the way. */
export interface EksAuth {
  credentialsFor(token: string): Promise<PodCredentials>;
}

export interface EksAuthOptions {
  readonly clusterName: string;
  readonly endpoint: string;
  readonly region: string;
  /** The node's own. */
  readonly credentials: () => Promise<SigningCredentials>;
  /** Bounds the calls under way. */
  readonly gate: Gate;
  /** Ends all calls. */
  readonly signal: AbortSignal;
  /** Resolves after so many milliseconds, or rejects when the signal is aborted. */
  readonly wait: (milliseconds: number) => Promise<void>;
  /** In [0, 1). */
  readonly random: () => number;
  /** Told of each call: a modelled error's code, `other`, `none` when no answer came, `OK` when it went well. */
  readonly called: (code: string, milliseconds: number) => void;
}

/** As the SDK inside the upstream agent: so many calls, with up to one second between the first two, up to two then. */
const attempts = 3;

/**
 * Milliseconds a call may take. COMPAT: the upstream agent gives up after one second, which makes a busy service busier;
 * a pod's SDK that does not wait that long finds the credentials when it asks again.
 */
const deadline = 5_000;

/** Of an answer; a genuine one has about two thousand. What is longer is not kept, so that a cache of many stays small. */
const mostBytes = 64 * 1024;

export function createEksAuth(options: EksAuthOptions): EksAuth {
  const { clusterName, endpoint, region, signal } = options;
  const call = async (token: string): Promise<PodCredentials> => {
    const credentials = await options.credentials().catch((cause: unknown) => {
      throw new NodeUnknown(cause);
    });
    const client = createAwsClient({
      ...{ endpoint, region, credentials, deadline, signal },
      answerBounds: { milliseconds: deadline, bytes: mostBytes },
    });
    const started = performance.now();
    const told = (code: string): void => options.called(code, performance.now() - started);
    let answer: Partial<AssumedForPod>;
    try {
      answer = await client.call('eks-auth', 'AssumeRoleForPodIdentity', { clusterName, token });
    } catch (error) {
      told(codeOf(error));
      throw error;
    }
    told('OK');
    return podCredentialsOf(answer);
  };
  const tried = async (token: string): Promise<PodCredentials> => {
    for (let attempt = 1; ; attempt++) {
      try {
        // Not while it waits to be tried again: when a service is in trouble, everybody would wait for those who wait.
        return await options.gate.pass(() => call(token));
      } catch (error) {
        if (attempt === attempts || signal.aborted || !mayPass(error)) throw error;
        await options.wait(options.random() * 1000 * 2 ** (attempt - 1));
      }
    }
  };
  return { credentialsFor: tried };
}

/** A label of a metric: a closed set, whatever a service says. */
function codeOf(error: unknown): string {
  if (!(error instanceof AwsRefusal)) return 'none';
  return services['eks-auth'].error(error.code) === undefined ? 'other' : error.code;
}
