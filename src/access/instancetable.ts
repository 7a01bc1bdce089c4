import type { InstanceNames } from './instances.ts';
import { parseObject } from './json.ts';

/** Names of instances by their ids, as the operator wrote them down. */
export type InstanceTable = ReadonlyMap<string, string>;

const maximumInstances = 100_000;

/** What a node may be called: a DNS subdomain in lower case. */
export function isHostName(text: string): boolean {
  return (
    text.length <= 253 && /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/.test(text)
  );
}

/**
 * `{"i-0123456789abcdef0": "ip-10-0-0-1.ec2.internal"}`. Throws with what is wrong.
 *
 * SECURITY: two instances of one name would be one node. A name given twice is refused, and so is an instance.
 */
export function parseInstanceTable(text: string): InstanceTable {
  const object = parseObject(text);
  if (object === undefined) throw new Error('it is no JSON object');
  const entries = Object.entries(object);
  if (entries.length > maximumInstances) throw new Error(`it names more than ${maximumInstances} instances`);
  // JSON.parse keeps the last of several members of one name, and says nothing.
  const written = text.match(/"i-\w+"\s*:/g)?.length ?? 0;
  const table = new Map<string, string>();
  const named = new Set<string>();
  for (const [instanceId, name] of entries) {
    if (!/^i-(?:[0-9a-f]{8}|[0-9a-f]{17})$/.test(instanceId)) {
      throw new Error(`\`${instanceId.slice(0, 40)}\` is no id of an instance`);
    }
    if (typeof name !== 'string' || !isHostName(name)) {
      throw new Error(`the name of \`${instanceId}\` is no host name in lower case`);
    }
    if (named.has(name)) throw new Error(`two instances have the name \`${name}\``);
    named.add(name);
    table.set(instanceId, name);
  }
  if (written !== table.size) throw new Error('an instance is named more than once');
  return table;
}

/** What the table says goes before what `others` say. `table` may reject: then nobody could be asked. */
export function createTableInstanceNames(
  table: () => Promise<InstanceTable>,
  others?: InstanceNames,
): InstanceNames {
  return {
    async privateDnsName(instanceId) {
      return (await table()).get(instanceId) ?? (await others?.privateDnsName(instanceId));
    },
  };
}
