/** When access keys and principals were last used, from the calls themselves, at a granularity of 15 minutes. */
export interface UsageReader {
  /** `id`: access key id (AKIA…) or principal id (AROA…, AIDA…, account id for root). Undefined: never seen. */
  lastUsed(id: string): Promise<LastUse | undefined>;
  /** Services the principal has called, denied calls included; by service name. */
  services(principalId: string): Promise<readonly ServiceUse[]>;
}

export interface LastUse {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly region: string;
  /** `eks` */
  readonly service: string;
}

export interface ServiceUse {
  readonly service: string;
  readonly at: number;
  readonly region: string;
  /** Who called: the session's ARN for roles. */
  readonly principalArn: string;
  readonly actions: readonly ActionUse[];
}

export interface ActionUse {
  /** `ListClusters` */
  readonly action: string;
  readonly at: number;
  readonly region: string;
  readonly principalArn: string;
}
