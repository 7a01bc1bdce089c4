import { lowerAscii } from '../../../engine/arn/case.ts';
import { compileWildcard } from '../../../engine/arn/wildcard.ts';
import type { PolicyDocument } from '../../../engine/iam/document.ts';
import { parsePolicy } from '../../../engine/iam/parse.ts';

/** The services of this server. A policy that allows `*` is told to allow these. */
const ownServices = ['cloudtrail', 'eks', 'eks-auth', 'iam', 'sts'];

/**
 * The service namespaces that a policy's Allow statements reach, whatever its Deny statements and conditions say (iam-facts
 * J22): those it names, and of those that it covers without a name the services of this server.
 */
export function servicesGranted(text: string): readonly string[] {
  const document = read(text);
  if (document === undefined) return [];
  const named = allowed(document).flatMap(({ action }) =>
    action.negated ? [] : action.entries.map(({ value }) => lowerAscii(value.split(':')[0] ?? '')),
  );
  const services = new Set([...named.filter((prefix) => !/[*?]/.test(prefix)), ...ownServices]);
  return [...services].filter((service) => grants(document, service)).sort();
}

/** Does the policy allow anything of the service? */
export function grantsService(text: string, service: string): boolean {
  const document = read(text);
  return document !== undefined && grants(document, lowerAscii(service));
}

/** Does an Allow statement speak of the action? */
export function grantsAction(text: string, action: string): boolean {
  const document = read(text);
  const lower = lowerAscii(action);
  return (
    document !== undefined &&
    allowed(document).some(
      ({ action: { entries, negated } }) =>
        entries.some(({ value }) => compileWildcard(lowerAscii(value))(lower)) !== negated,
    )
  );
}

function read(text: string): PolicyDocument | undefined {
  const parsed = parsePolicy(text, 'identity');
  return parsed.ok ? parsed.document : undefined;
}

function allowed({ statements }: PolicyDocument): PolicyDocument['statements'] {
  return statements.filter(({ effect }) => effect === 'Allow');
}

function grants(document: PolicyDocument, service: string): boolean {
  return allowed(document).some(({ action: { entries, negated } }) => {
    if (!negated)
      return entries.some(({ value }) => isAll(value) || lowerAscii(value).startsWith(`${service}:`));
    return !entries.some(({ value }) => isAll(value) || isWholeService(lowerAscii(value), service));
  });
}

const isAll = (action: string): boolean => /^\*+$/.test(action);
const isWholeService = (action: string, service: string): boolean =>
  action.startsWith(`${service}:`) && isAll(action.slice(service.length + 1));
