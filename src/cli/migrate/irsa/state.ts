import { commandLine } from '../../../engine/analysis/explain/shell.ts';
import type { IrsaPlan, PlannedAssociation, PlannedRole } from '../../../engine/analysis/migrateirsa/plan.ts';
import {
  boolean,
  list,
  number,
  object,
  oneOf,
  type Reader,
  ShapeFault,
  text,
} from '../../../sources/saved/check.ts';
import { readState } from '../statefile.ts';

const format = 'entryway.podidentity/v1';

/** As much of a plan as carrying it out takes. */
export type CarriedIrsaPlan = Pick<IrsaPlan, 'clusterArn' | 'clusterName' | 'associations' | 'roles'>;

/** What was there before the first change, and what was to be done: enough to go on after a crash, and to lead back. */
export interface IrsaState {
  readonly format: typeof format;
  readonly clusterArn: string;
  /** Epoch milliseconds. */
  readonly writtenAt: number;
  /** Of each role the trust policy as it was; each service account was annotated with the role of its association. */
  readonly plan: CarriedIrsaPlan;
  /** For people. */
  readonly undo: string;
}

export function newIrsaState(
  { clusterArn, clusterName, associations, roles }: CarriedIrsaPlan,
  now: number,
  path: string,
): IrsaState {
  const undo = commandLine(['entryway', 'migrate', 'irsa', '--rollback', path]);
  return { format, clusterArn, writtenAt: now, plan: { clusterArn, clusterName, associations, roles }, undo };
}

const plannedRole = object<PlannedRole>({
  ...{ roleArn: text, roleName: text, before: text, prepared: text, finished: text, kept: list(text) },
});

/** SECURITY: the ARN is what is proven of, the name what is written. */
const ofOneRole: Reader<PlannedRole> = (value) => {
  const role = plannedRole(value);
  if (!role.roleArn.endsWith(`/${role.roleName}`)) throw new ShapeFault('names two roles');
  return role;
};

/** What such a file must look like, to the last member: it decides who has which role. */
const shape: Reader<IrsaState> = object<IrsaState>({
  format: oneOf([format]),
  clusterArn: text,
  writtenAt: number,
  plan: object<CarriedIrsaPlan>({
    ...{ clusterArn: text, clusterName: text },
    associations: list(
      object<PlannedAssociation>({ namespace: text, serviceAccount: text, roleArn: text, isThere: boolean }),
      ({ namespace, serviceAccount }) => `${namespace}/${serviceAccount}`,
    ),
    roles: list(ofOneRole, ({ roleArn }) => roleArn),
  }),
  undo: text,
});

/** Undefined where there is none. */
export function readIrsaState(path: string): IrsaState | undefined {
  return readState(path, shape);
}
