/**
 * What policies may say about one service, as compact text, one line per action, so that an update reads well as a
 * diff. Words are separated by white space.
 */
export interface ServiceText {
  /** What stands before the colon of an action: `eks`. */
  readonly prefix: string;
  /** Resource type → its ARN with what varies as `<Name>`, then the condition keys its resources carry. */
  readonly resources: Readonly<Record<string, string>>;
  /** Type of the value → the service's own condition keys of that type. */
  readonly keys: Readonly<Partial<Record<KeyType, string>>>;
  /**
   * Action → resource types it is judged on (`role?` when the action may come without one; none at all: only `*`),
   * then the condition keys of the request. A key that ends in `/` stands for all tag keys; `PROVIDER` for the keys
   * that begin with the host of an identity provider.
   */
  readonly actions: Readonly<Record<string, string>>;
}

export type ScalarKeyType = 'String' | 'ARN' | 'Bool' | 'Numeric' | 'Date' | 'IPAddress' | 'Binary';
export type KeyType = ScalarKeyType | 'ArrayOfString' | 'ArrayOfARN';
