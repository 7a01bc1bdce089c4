/**
 * The audiences an answer names for a valid token of a cluster, which is for its API server alone: those of the asked ones
 * that are the API server's, all of them where none are asked. Undefined where the API server's are not known: it then
 * takes the answer for its own (kubernetes-facts C5). Empty: the question is for others.
 *
 * SECURITY: made of what is configured, and never of what is asked.
 */
export function answeredAudiences(
  configured: readonly string[] | undefined,
  asked: readonly string[] | undefined,
): readonly string[] | undefined {
  return asked === undefined ? configured : configured?.filter((audience) => asked.includes(audience));
}
