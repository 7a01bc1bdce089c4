/** Which cluster a request is for, and what it asks of it: raw text, nothing decoded. */
export interface ClusterTarget {
  readonly accountId: string;
  readonly region: string;
  readonly name: string;
  /** Begins with `/`. */
  readonly path: string;
  /** Without `?`; '' when there is none. */
  readonly query: string;
}

/**
 * Splits `/clusters/<account>/<region>/<name>/<kubernetes path>?<query>`; undefined when it has another form.
 *
 * SECURITY: the three segments are matched against the characters an account, a region and a cluster name can have
 * and are never decoded, so no encoded slash or dot segment can move a request to another cluster.
 */
export function parseClusterTarget(url: string): ClusterTarget | undefined {
  const match =
    /^\/clusters\/([0-9]{12})\/([a-z0-9-]{1,64})\/([A-Za-z0-9][A-Za-z0-9_-]{0,99})(\/[^?#]*)?(?:\?([^#]*))?$/.exec(
      url,
    );
  if (match === null) return undefined;
  const [, accountId = '', region = '', name = '', path = '/', query = ''] = match;
  return { accountId, region, name, path, query };
}
