/** What `{{EC2PrivateDNSName}}` stands for (token-facts 7.2). */
export interface InstanceNames {
  /** Undefined where the instance is known not to exist or has no name; rejects when nobody could be asked. */
  privateDnsName(instanceId: string): Promise<string | undefined>;
}

/** Nobody knows any instance. */
export const noInstances: InstanceNames = { privateDnsName: async () => undefined };
