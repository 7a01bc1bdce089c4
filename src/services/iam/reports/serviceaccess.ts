import type {
  EntityDetails,
  GenerateServiceLastAccessedDetailsRequest,
  GenerateServiceLastAccessedDetailsResponse,
  GetServiceLastAccessedDetailsRequest,
  GetServiceLastAccessedDetailsResponse,
  GetServiceLastAccessedDetailsWithEntitiesRequest,
  GetServiceLastAccessedDetailsWithEntitiesResponse,
  ServiceLastAccessed,
} from '@aws-sdk/client-iam';
import { actionsMatching } from '../../../engine/analysis/catalogue/catalogue.ts';
import { serviceName } from '../../../engine/analysis/catalogue/prefixes.ts';
import { parseArn } from '../../../engine/arn/arn.ts';
import { defineOperation, type Operations } from '../../operation.ts';
import { refuseInvalid, validateMember } from '../../validation.ts';
import type { IamDependencies } from '../dependencies.ts';
import { arnTarget } from '../entityarn.ts';
import { noSuchEntity } from '../errors.ts';
import { pageFailures, pageOf } from '../paging.ts';
import { policyTarget } from '../policies/policylookup.ts';
import { type AccessJob, createAccessJobs } from './accessjobs.ts';
import { type Grants, readGrants } from './grants.ts';
import { subjectOf, type UsingEntity } from './subject.ts';

/** How far back use is told of (iam-facts J22). */
const trackingPeriodMs = 400 * 24 * 60 * 60 * 1000;

const jobId = { required: true, min: 36, max: 36 };

/**
 * The access advisor (iam-facts J22): when the services that somebody's policies allow were last used, denied attempts
 * included. A job is done when it is made; its answer is as of the moment it is read.
 */
export function createServiceAccessOperations(dependencies: IamDependencies): Operations {
  const { pageTokens, random, usage } = dependencies;
  const jobs = createAccessJobs(random);

  const GenerateServiceLastAccessedDetails = defineOperation<
    GenerateServiceLastAccessedDetailsRequest,
    GenerateServiceLastAccessedDetailsResponse
  >({
    authorization: ({ Arn: arn }, context) =>
      isPolicy(arn)
        ? policyTarget(dependencies, 'GenerateServiceLastAccessedDetails', arn, context)
        : arnTarget(dependencies, 'GenerateServiceLastAccessedDetails', arn, context),
    async handle(input, { caller, now }) {
      const { Arn: arn = '', Granularity: granularity = 'SERVICE_LEVEL' } = input;
      refuseInvalid([
        ...validateMember('arn', input.Arn, { required: true, min: 20, max: 2048 }),
        ...validateMember('granularity', granularity, { enum: ['SERVICE_LEVEL', 'ACTION_LEVEL'] }),
      ]);
      await subjectOf(dependencies, caller.accountId, arn);
      return { JobId: jobs.add(caller, arn, granularity, now).id };
    },
  });

  const GetServiceLastAccessedDetails = defineOperation<
    GetServiceLastAccessedDetailsRequest,
    GetServiceLastAccessedDetailsResponse
  >({
    authorization: () => ({ action: 'iam:GetServiceLastAccessedDetails', resources: ['*'] }),
    async handle(input, { caller, now }) {
      refuseInvalid([...validateMember('jobId', input.JobId, jobId), ...pageFailures(input)]);
      const job = jobs.find(caller, input.JobId ?? '', now);
      if (job === undefined) throw noSuchJob(input.JobId);
      const subject = await subjectOf(dependencies, caller.accountId, job.arn);
      const grants = subject.documents.map(readGrants);
      const namespaces = [...new Set(grants.flatMap(({ services }) => services))].sort();
      const { items, ...page } = pageOf(namespaces, (namespace) => namespace, input, {
        pageTokens,
        scope: `iam:GetServiceLastAccessedDetails ${job.id}`,
      });
      const uses = Map.groupBy(await usesOf(subject.entities, now), ({ service }) => service);
      return {
        ...jobOutput(job),
        ServicesLastAccessed: items.map((namespace) =>
          serviceOutput(namespace, uses.get(namespace) ?? [], grants, job),
        ),
        JobType: job.granularity,
        ...page,
      };
    },
  });

  const GetServiceLastAccessedDetailsWithEntities = defineOperation<
    GetServiceLastAccessedDetailsWithEntitiesRequest,
    GetServiceLastAccessedDetailsWithEntitiesResponse
  >({
    authorization: () => ({ action: 'iam:GetServiceLastAccessedDetailsWithEntities', resources: ['*'] }),
    async handle(input, { caller, now }) {
      const { ServiceNamespace: namespace = '' } = input;
      refuseInvalid([
        ...validateMember('jobId', input.JobId, jobId),
        ...validateMember('serviceNamespace', input.ServiceNamespace, {
          required: true,
          min: 1,
          max: 64,
          pattern: '[\\w-]*',
        }),
        ...pageFailures(input),
      ]);
      const job = jobs.find(caller, input.JobId ?? '', now);
      if (job === undefined) throw noSuchJob(input.JobId);
      const { entities } = await subjectOf(dependencies, caller.accountId, job.arn);
      const { items, ...page } = pageOf(entities, ({ id }) => id, input, {
        pageTokens,
        scope: `iam:GetServiceLastAccessedDetailsWithEntities ${job.id} ${namespace}`,
      });
      const uses = (await usesOf(items, now)).filter(({ service }) => service === namespace);
      const lastUse = new Map(uses.map(({ entity, at }) => [entity.id, at]));
      return {
        ...jobOutput(job),
        EntityDetailsList: items.map((entity): EntityDetails => {
          const at = lastUse.get(entity.id);
          return {
            EntityInfo: {
              Arn: entity.arn,
              Name: entity.name,
              Type: entity.kind === 'user' ? 'USER' : 'ROLE',
              Id: entity.id,
              Path: entity.path,
            },
            ...(at !== undefined && { LastAuthenticated: new Date(at) }),
          };
        }),
        ...page,
      };
    },
  });

  /** Within the tracking period, latest first. */
  const usesOf = async (entities: readonly UsingEntity[], now: number): Promise<readonly EntityUse[]> => {
    const uses: EntityUse[] = [];
    for (const entity of entities) {
      for (const { service, at, region, actions } of (await usage?.services(entity.id)) ?? []) {
        if (at >= now - trackingPeriodMs) uses.push({ entity, service, at, region, actions });
      }
    }
    return uses.sort((a, b) => b.at - a.at);
  };

  return {
    GenerateServiceLastAccessedDetails,
    GetServiceLastAccessedDetails,
    GetServiceLastAccessedDetailsWithEntities,
  };
}

interface EntityUse {
  readonly entity: UsingEntity;
  readonly service: string;
  readonly at: number;
  readonly region: string;
  readonly actions: readonly { readonly action: string; readonly at: number; readonly region: string }[];
}

function serviceOutput(
  namespace: string,
  uses: readonly EntityUse[],
  grants: readonly Grants[],
  { granularity }: AccessJob,
): ServiceLastAccessed {
  const [latest] = uses;
  return {
    ServiceName: serviceName(namespace),
    ServiceNamespace: namespace,
    ...(latest !== undefined && {
      LastAuthenticated: new Date(latest.at),
      LastAuthenticatedEntity: latest.entity.arn,
      LastAuthenticatedRegion: latest.region,
    }),
    TotalAuthenticatedEntities: uses.length,
    ...(granularity === 'ACTION_LEVEL' && {
      TrackedActionsLastAccessed: actionsOutput(namespace, uses, grants),
    }),
  };
}

/** The actions that the policies allow, used or not. */
function actionsOutput(
  namespace: string,
  uses: readonly EntityUse[],
  grants: readonly Grants[],
): ServiceLastAccessed['TrackedActionsLastAccessed'] {
  const lastUses = new Map<string, { readonly arn: string; readonly at: number; readonly region: string }>();
  for (const { entity, actions } of uses) {
    for (const { action, at, region } of actions) {
      if (at > (lastUses.get(action)?.at ?? 0)) lastUses.set(action, { arn: entity.arn, at, region });
    }
  }
  return actionsMatching(`${namespace}:*`)
    .filter(({ name }) => grants.some(({ allows }) => allows(name)))
    .map(({ name }) => {
      const ActionName = name.slice(namespace.length + 1);
      const latest = lastUses.get(ActionName);
      return {
        ActionName,
        ...(latest !== undefined && {
          LastAccessedEntity: latest.arn,
          LastAccessedTime: new Date(latest.at),
          LastAccessedRegion: latest.region,
        }),
      };
    });
}

function jobOutput({ createdAt }: AccessJob) {
  const when = new Date(createdAt);
  return { JobStatus: 'COMPLETED' as const, JobCreationDate: when, JobCompletionDate: when };
}

function isPolicy(arn: string | undefined): boolean {
  return parseArn(arn ?? '')?.resource.startsWith('policy/') === true;
}

const noSuchJob = (id: string | undefined): Error => noSuchEntity(`The job with id ${id} cannot be found.`);
