import { Composer, type CST, type Document, isScalar, Parser, type Tags, visit } from 'yaml';

/**
 * What a value of aws-auth is read as: `mapAccounts` keeps every scalar as the text it is (eks-access-facts G9), the
 * others follow YAML 1.1, as the authenticator's library does.
 */
export type AwsAuthSchema = 'yaml-1.1' | 'failsafe';

export const brokenYaml = Symbol('broken YAML');

/** The value of a YAML text; undefined where it holds no document. Never throws. */
export function valueOfYaml(text: string, schema: AwsAuthSchema): unknown {
  try {
    const document = composeOne(text, schema);
    if (document === undefined) return undefined;
    if (document.errors.length > 0 || hasRepeatedName(document) || repeatsTooMuch(document))
      return brokenYaml;
    // Throws for a text whose aliases multiply without end, and for one nested deeper than the call stack.
    return document.toJS({ maxAliasCount: 100 });
  } catch {
    return brokenYaml;
  }
}

/** The only document of the text; undefined where there is none. */
function composeOne(text: string, schema: AwsAuthSchema): Document | undefined {
  const composer = carefulComposer(schema, (_, code) => {
    throw new Error(code);
  });
  const [document, ...more] = composer.compose(new Parser().parse(text));
  if (more.length > 0) throw new Error('several documents');
  return document;
}

/**
 * A composer of YAML 1.1 for texts of strangers; the first error ends it by `refuse`, which throws. Whether a name is given
 * twice is its user's to find out. `isWanted` may leave out more of the types that the schema knows.
 *
 * SECURITY: the library takes minutes for some texts of a megabyte, and every server that follows the store would stand
 * still, after each start again. It collects errors at quadratic cost, so here the first one ends the reading; it
 * compares all names of a mapping with one another, so that is left to linear code (`uniqueKeys: false`); and ordered
 * maps and sets, which do the same, are no types here.
 */
export function carefulComposer(
  schema: AwsAuthSchema,
  refuse: (source: unknown, code: string, message: string) => never,
  isWanted: (tag: Exclude<Tags[number], string>) => boolean = () => true,
): Composer {
  const composer = new Composer({
    schema,
    version: '1.1',
    logLevel: 'silent',
    uniqueKeys: false,
    customTags: (tags) =>
      tags.filter((tag) => typeof tag !== 'object' || (!comparingTypes.has(tag.tag) && isWanted(tag))),
  });
  const next = composer.next.bind(composer);
  let refused: { readonly error: unknown } | undefined;
  const refuseOnce = (source: unknown, code: string, message: string): never => {
    // The library takes what is thrown here for trouble with the node around, and comes again with that one's place.
    if (refused !== undefined) throw refused.error;
    try {
      return refuse(source, code, message);
    } catch (error) {
      refused = { error };
      throw error;
    }
  };
  Object.assign(composer, {
    onError(source: unknown, code: string, message: string, isWarning?: boolean): void {
      if (isWarning !== true) refuseOnce(source, code, message);
    },
    // Of a token that fits nowhere it tells nobody; it stands in `errors`, and the value is there all the same.
    next(token: CST.Token) {
      if (token.type === 'error') refuseOnce(token, 'UNEXPECTED_TOKEN', token.message);
      return next(token);
    },
  });
  return composer;
}

const comparingTypes = new Set([
  'tag:yaml.org,2002:omap',
  'tag:yaml.org,2002:set',
  'tag:yaml.org,2002:pairs',
]);

function hasRepeatedName(document: Document): boolean {
  let repeated = false;
  visit(document, {
    Map(_, { items }) {
      const names = items.map(({ key }) => (isScalar(key) ? key.value : key)).filter((name) => name !== '<<');
      if (new Set(names).size === names.length) return undefined;
      repeated = true;
      return visit.BREAK;
    },
  });
  return repeated;
}

/** Steps, of which a second has some millions. */
const mostSteps = 5_000_000;

/**
 * SECURITY: each alias and each merged mapping may take as many steps as there are nodes, and the library bounds only how
 * often one anchor is used: a megabyte of short mappings, each merged, takes it minutes.
 * COMPAT: the authenticator's library has another bound, on the share of what comes by aliases.
 */
function repeatsTooMuch(document: Document): boolean {
  let nodes = 0;
  let repeats = 0;
  visit(document, {
    Node: () => void nodes++,
    Alias: () => void repeats++,
    Pair: (_, { key }) => void (isScalar(key) && isMergeName(key.value) && repeats++),
  });
  return nodes * repeats > mostSteps;
}

/** The library gives the name of a merge as a symbol where the schema knows merging. */
export function isMergeName(name: unknown): boolean {
  return typeof name === 'symbol' ? name.description === '<<' : name === '<<';
}
