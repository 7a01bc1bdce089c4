import { AwsError } from '../../wire/protocols/errors.ts';

/** The refusals of IAM with AWS's texts (iam-facts J5, J.2, J.3). */

export const noSuchEntity = (message: string): AwsError => new AwsError('NoSuchEntityException', message);
export const alreadyExists = (message: string): AwsError =>
  new AwsError('EntityAlreadyExistsException', message);
export const deleteConflict = (message: string): AwsError => new AwsError('DeleteConflictException', message);
export const limitExceeded = (message: string): AwsError => new AwsError('LimitExceededException', message);
export const malformedPolicy = (message: string): AwsError =>
  new AwsError('MalformedPolicyDocumentException', message);
export const policyNotAttachable = (message: string): AwsError =>
  new AwsError('PolicyNotAttachableException', message);
export const invalidInput = (message: string): AwsError => new AwsError('InvalidInputException', message);
export const validationError = (message: string): AwsError => new AwsError('ValidationError', message);

/** `Cannot exceed quota for AccessKeysPerUser: 2` (iam-facts J5). */
export const quotaExceeded = (quota: string, limit: number): AwsError =>
  limitExceeded(`Cannot exceed quota for ${quota}: ${limit}`);

/** A call that needs a user was made by somebody who is none. */
export const userNameNeeded = (): AwsError =>
  validationError('Must specify userName when calling with non-User credentials');

/** Service-linked roles belong to their service (iam-facts J17). */
export const protectedRole = (name: string): AwsError =>
  new AwsError(
    'UnmodifiableEntityException',
    `Cannot perform the operation on the protected role '${name}' - this role is only modifiable by AWS`,
  );

export const tooManyWriters = (cause: unknown): AwsError =>
  new AwsError(
    'ConcurrentModificationException',
    'The request was rejected because multiple requests to change this object were submitted simultaneously. Wait a few minutes and submit your request again.',
    {},
    { cause },
  );
