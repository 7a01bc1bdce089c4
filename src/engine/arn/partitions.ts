/** Every partition AWS has (token-facts 4). An ARN of any other partition names nobody. */
export const partitions = [
  'aws',
  'aws-cn',
  'aws-us-gov',
  'aws-iso',
  'aws-iso-b',
  'aws-iso-e',
  'aws-iso-f',
  'aws-eusc',
] as const;

export type Partition = (typeof partitions)[number];

export function isPartition(text: string): text is Partition {
  return (partitions as readonly string[]).includes(text);
}
