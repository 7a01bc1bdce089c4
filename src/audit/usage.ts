import { usageKey } from '../storage/records/keys.ts';
import type { Put, StorageReader } from '../storage/storage.ts';

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

/** One use of a credential. */
export interface Use {
  readonly at: number;
  readonly region: string;
  readonly service: string;
  readonly accessKeyId: string;
  readonly principalId: string;
  readonly principalArn: string;
  /** Absent where nobody needs permission. */
  readonly action?: string;
}

/** What a stored record of use holds; access keys have no services. */
interface UsageRecord {
  readonly last: LastUse;
  readonly services?: Readonly<Record<string, StoredService>>;
}

interface StoredService extends Omit<ServiceUse, 'service' | 'actions'> {
  readonly actions: Readonly<Record<string, Omit<ActionUse, 'action'>>>;
}

export interface Usage {
  note(use: Use): void;
  /** Is there anything to take? */
  readonly hasNews: boolean;
  /** What has become known since the last call, as changes; they hold until they are stored or the process ends. */
  take(): Promise<readonly Put[]>;
  lastUsed: UsageReader['lastUsed'];
  services: UsageReader['services'];
}

/** The granularity AWS states for the last use of a key (iam-facts J11). */
const slotMs = 15 * 60_000;
/** How far back AWS tells of services and roles (iam-facts J16, J22). */
const rememberedMs = 400 * 86_400_000;
/** Uses remembered as known; beyond it, known ones are only written again. */
const maximumKnown = 50_000;

export function createUsage(storage: Pick<StorageReader, 'get' | 'getMany'>): Usage {
  /** Uses of this slot that are written or about to be. */
  const known = new Set<string>();
  let slot = 0;
  let news: Use[] = [];

  const read = async (id: string): Promise<UsageRecord | undefined> => {
    const stored = await storage.get(usageKey(id));
    return stored === undefined ? undefined : parseUsage(stored.value);
  };

  return {
    note(use) {
      const now = Math.floor(use.at / slotMs);
      if (now !== slot || known.size >= maximumKnown) known.clear();
      slot = now;
      const { accessKeyId, principalId, principalArn, service, region, action = '' } = use;
      const name = `${accessKeyId} ${principalId} ${principalArn} ${service} ${region} ${action}`;
      if (known.has(name) || news.length >= maximumKnown) return;
      known.add(name);
      news.push(use);
    },
    get hasNews() {
      return news.length > 0;
    },
    async take() {
      const uses = news;
      news = [];
      if (uses.length === 0) return [];
      const ids = [...new Set(uses.flatMap((use) => idsOf(use)))];
      const records = new Map<string, UsageRecord>();
      try {
        for (const entry of await storage.getMany(ids.map(usageKey))) {
          const record = entry === undefined ? undefined : parseUsage(entry.value);
          if (entry !== undefined && record !== undefined) records.set(entry.key, record);
        }
      } catch (error) {
        news = [...uses, ...news];
        throw error;
      }
      for (const use of uses) {
        for (const id of idsOf(use)) {
          const key = usageKey(id);
          records.set(key, merged(records.get(key), use, { isPrincipal: id === use.principalId }));
        }
      }
      return [...records].map(([key, record]) => ({ type: 'put', key, value: JSON.stringify(record) }));
    },
    lastUsed: async (id) => (await read(id))?.last,
    async services(principalId) {
      const services = Object.entries((await read(principalId))?.services ?? {});
      return services
        .toSorted(([one], [other]) => (one < other ? -1 : 1))
        .map(([service, { at, region, principalArn, actions }]) => ({
          service,
          at,
          region,
          principalArn,
          actions: Object.entries(actions).map(([action, use]) => ({ action, ...use })),
        }));
    },
  };
}

/** Undefined for what is unreadable: it begins anew, and keeps no record from being stored. */
function parseUsage(text: string): UsageRecord | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (!isObject(value) || !isObject(value.last)) return undefined;
    const { services = {} } = value;
    const isKnown = (service: unknown): boolean => isObject(service) && isObject(service.actions);
    if (!isObject(services) || !Object.values(services).every(isKnown)) return undefined;
    return value as unknown as UsageRecord;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/**
 * Temporary keys and federated users (`ACCOUNT:NAME`) are too many to remember, and nobody can ask for them: who calls
 * chooses the name, and would fill the store with names.
 */
function idsOf({ accessKeyId, principalId }: Use): readonly string[] {
  const ids = principalId.includes(':') ? [] : [principalId];
  return accessKeyId.startsWith('AKIA') ? [accessKeyId, ...ids] : ids;
}

function merged(
  record: UsageRecord | undefined,
  use: Use,
  { isPrincipal }: { readonly isPrincipal: boolean },
): UsageRecord {
  const { at, region, service, principalArn, action } = use;
  const last = record === undefined || at >= record.last.at ? { at, region, service } : record.last;
  if (!isPrincipal) return { last };
  const services: Record<string, StoredService> = {};
  for (const [name, known] of Object.entries(record?.services ?? {})) {
    if (known.at > at - rememberedMs) services[name] = known;
  }
  const used = { at, region, principalArn };
  const before = Object.hasOwn(services, service) ? services[service] : undefined;
  services[service] = {
    ...(before === undefined || at >= before.at ? used : before),
    actions: { ...before?.actions, ...(action !== undefined && { [action]: used }) },
  };
  return { last, services };
}
