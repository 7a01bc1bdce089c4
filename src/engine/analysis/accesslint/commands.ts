/**
 * A command as it may be pasted into a shell.
 *
 * SECURITY: names of roles and bindings may hold nearly anything; without quotes, one that was chosen with care would run
 * what it likes on the machine of whoever follows the advice.
 */
export function command(...words: readonly string[]): string {
  return words
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(' ');
}

export function deleteEntry(clusterName: string, principalArn: string): string {
  return command(
    ...['aws', 'eks', 'delete-access-entry', '--cluster-name', clusterName],
    ...['--principal-arn', principalArn],
  );
}

export function disassociate(clusterName: string, principalArn: string, policyArn: string): string {
  return command(
    ...['aws', 'eks', 'disassociate-access-policy', '--cluster-name', clusterName],
    ...['--principal-arn', principalArn, '--policy-arn', policyArn],
  );
}

/** The kind and the name are one word, so that no name is taken for an option. */
export function deleteObject(kind: string, namespace: string, name: string): string {
  return command(
    ...['kubectl', 'delete', `${kind.toLowerCase()}/${name}`],
    ...(namespace === '' ? [] : ['--namespace', namespace]),
  );
}
