/**
 * The one error AWS operations throw. `code` is the SDK's class name where the operation models the error
 * (`ResourceInUseException`, `NoSuchEntityException`), else the common code of iam-facts H; the codec turns it into
 * the wire code, status and shape of the protocol, so nothing else knows a status code.
 */
export class AwsError extends Error {
  readonly code: string;
  /** Modelled members beside the message (`clusterName`, …). */
  readonly fields: Readonly<Record<string, unknown>>;
  constructor(
    code: string,
    message: string,
    fields: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'AwsError';
    this.code = code;
    this.fields = fields;
  }
}

/**
 * What is wrong with who signed, before any operation is reached. INVARIANT: never an operation's modelled error, though one
 * has the same code: EKS Auth's `ExpiredTokenException` is about the token of a pod, and has another status.
 */
export class SignatureError extends AwsError {}
