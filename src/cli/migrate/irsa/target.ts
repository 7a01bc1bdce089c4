import type { PlannedAssociation } from '../../../engine/analysis/migrateirsa/plan.ts';

/** An association as the EKS API shows it. */
export interface FoundAssociation {
  readonly associationId: string;
  readonly roleArn: string;
  readonly targetRoleArn?: string;
  readonly disableSessionTags: boolean;
  readonly policy?: string;
}

export type AccountOfPods = Pick<PlannedAssociation, 'namespace' | 'serviceAccount'>;

/** The one cluster a migration is carried out on. Every function asks or changes once, and throws where it could not. */
export interface IrsaTarget {
  /** The trust policy as JSON text; undefined: there is no such role. */
  trust(roleName: string): Promise<string | undefined>;
  writeTrust(roleName: string, text: string): Promise<void>;
  association(account: AccountOfPods): Promise<FoundAssociation | undefined>;
  associate(association: PlannedAssociation): Promise<void>;
  disassociate(associationId: string): Promise<void>;
  /** The role that the service account is annotated with; undefined: none, or there is no such service account. */
  annotation(account: AccountOfPods): Promise<string | undefined>;
  /** False: there is no such service account. */
  annotate(account: AccountOfPods, roleArn: string): Promise<boolean>;
  /** Takes the annotation away, if it is this one. */
  removeAnnotation(account: AccountOfPods, roleArn: string): Promise<void>;
}
