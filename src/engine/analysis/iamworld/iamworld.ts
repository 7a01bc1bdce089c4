import type { IamAnswer, IamQuestion } from './answer.ts';

/** The IAM of a snapshot, ready to be asked; nothing is compiled before it is asked about. */
export interface IamWorld {
  /**
   * By the policies of the user (and its groups) or the role, its boundary, the guardrails and, where somebody wants a
   * session of a role, the role's trust policy: what the server asks. Resource policies of other services are in no snapshot.
   */
  ask(question: IamQuestion): IamAnswer;
}
