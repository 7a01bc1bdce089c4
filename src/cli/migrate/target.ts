import type { MigrationPlan, PlannedEntry } from '../../engine/analysis/migrate/plan.ts';

export type PlannedBinding = MigrationPlan['bindings'][number];
export type Mode = MigrationPlan['from'];

/** An entry as the EKS API shows it. */
export interface FoundEntry extends Pick<PlannedEntry, 'type' | 'kubernetesGroups' | 'policies'> {
  readonly username: string;
  /** Epoch milliseconds: tells an entry from one made later under the same ARN. */
  readonly createdAt: number;
}

/** The one cluster a migration is carried out on. Every function asks or changes once, and throws where it could not. */
export interface MigrationTarget {
  mode(): Promise<Mode>;
  /** Resolves when the cluster is active in the mode. */
  switchMode(mode: Mode): Promise<void>;
  /** Undefined: there is none. Mode CONFIG_MAP has none. */
  entry(principalArn: string): Promise<FoundEntry | undefined>;
  createEntry(entry: PlannedEntry): Promise<void>;
  associate(principalArn: string, policy: PlannedEntry['policies'][number]): Promise<void>;
  deleteEntry(principalArn: string): Promise<void>;
  /** `other`: something else has the name. */
  binding(binding: PlannedBinding): Promise<'absent' | 'same' | 'other'>;
  createBinding(binding: PlannedBinding): Promise<void>;
  deleteBinding(binding: PlannedBinding): Promise<void>;
  /** The data of the ConfigMap; undefined where it is not there. */
  awsAuth(): Promise<Readonly<Record<string, string>> | undefined>;
  createAwsAuth(data: Readonly<Record<string, string>>): Promise<void>;
  deleteAwsAuth(): Promise<void>;
}
