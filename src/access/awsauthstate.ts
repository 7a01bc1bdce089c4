import type { AwsAuthKey } from './awsauth.ts';

/**
 * `compatible`: aws-auth as the authenticator reads it, bad items dropped and a broken key empty (eks-access-facts G3).
 * `strict`: a key with anything bad in it is not taken; what was good last stays.
 */
export const awsAuthModes = ['compatible', 'strict'] as const;
export type AwsAuthMode = (typeof awsAuthModes)[number];

/** What is served of a cluster's aws-auth. */
export interface AwsAuthState {
  readonly mode: AwsAuthMode;
  readonly keys: readonly AwsAuthKeyState[];
}

export interface AwsAuthKeyState {
  readonly key: AwsAuthKey;
  /**
   * `absent`: there is nothing to serve. `good`: all of it is. `keptLastGood`: what is written is not taken, the last good
   * text is served. `partlyDropped`: its bad items are not served. `dropped`: nothing of it is.
   */
  readonly status: 'absent' | 'good' | 'keptLastGood' | 'partlyDropped' | 'dropped';
  /** What is wrong with the text as it is written, without values from it. */
  readonly errors: readonly string[];
}
