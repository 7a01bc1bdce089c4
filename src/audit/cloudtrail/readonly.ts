/** Operations that only look: their names begin with one of these words, at every service we speak. */
const reads = /^(?:Check|Decode|Describe|Explain|Generate|Get|List|Lookup|Simulate|Validate)(?![a-z])/;

/** COMPAT: handing out credentials counts as a read, although it answers something new (CloudTrail samples of STS). */
const handsOut = /^(?:AssumeRole|GetSessionToken|GetFederationToken)/;

/** CloudTrail's `readOnly`. What cannot be named is not called harmless. */
export function isReadOnly(operation: string): boolean {
  return reads.test(operation) || handsOut.test(operation);
}

/**
 * Are the elements of the answer told? Of reads CloudTrail tells none, but for credentials handed out. COMPAT: EKS Auth
 * tells none either: what it hands out is told by the AssumeRole that it makes (CloudTrail samples of Pod Identity).
 */
export function tellsAnswer(operation: string): boolean {
  if (operation === 'AssumeRoleForPodIdentity') return false;
  return !reads.test(operation) || handsOut.test(operation);
}
