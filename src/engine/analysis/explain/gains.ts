import type { PolicyRule } from '../../rbac/rules.ts';
import { grantChanges, type HeldGrant, heldGrants } from '../diff/grantchanges.ts';
import { sampleOf, scopeOf } from '../whatcan/permissions.ts';
import { type Piece, piecesOf } from '../whatcan/pieces.ts';
import type { ClusterWorld, SubjectIdentity } from '../world/cluster.ts';
import type { Question } from '../world/question.ts';
import type { ClusterSubject } from '../world/subject.ts';

/** Somebody in a cluster: all the users it can be there. */
export interface Side {
  readonly world: ClusterWorld;
  readonly identities: readonly SubjectIdentity[];
}

/** Rules in a place. */
export interface PlacedRules {
  /** '' is everywhere; or a namespace, or a scope's pattern. */
  readonly place: string;
  readonly rules: readonly PolicyRule[];
}

/** What grants give that came or changed, new or not, grant by grant; everything else was there before. */
export function rulesThatCame(before: Side, after: Side): readonly PlacedRules[] {
  const held = heldGrants(after.world, after.identities, 'all');
  const came = new Set(
    grantChanges(heldGrants(before.world, before.identities, 'all'), held)
      .filter(({ change }) => change !== 'removed')
      .map(({ origin }) => origin),
  );
  return held.filter(({ origin }) => came.has(origin)).flatMap(placed);
}

function placed({ origin, rules }: HeldGrant): readonly PlacedRules[] {
  const scope = scopeOf(origin);
  if (scope === undefined) return [{ place: '', rules }];
  // A path is in no namespace.
  const here = rules.map((rule) => ({ ...rule, nonResourceURLs: [] }));
  return [...new Set(scope.namespaces)].flatMap((place) =>
    scope.holdsIn(sampleOf(place)) ? [{ place, rules: here }] : [],
  );
}

/**
 * Whether somebody may anything, or is somebody, who was not before. Asked of everybody there is, so that only what came is
 * looked into; whether it is new says the cluster as it was.
 */
export function gains(before: ClusterWorld, after: ClusterWorld, subject: ClusterSubject): boolean {
  const { identities: old } = before.identitiesOf(subject);
  const { identities: now } = after.identitiesOf(subject);
  if (old.length === 0) return now.length > 0;
  return rulesThatCame({ world: before, identities: old }, { world: after, identities: now }).some(
    ({ place, rules }) => {
      const pieces = piecesOf(rules);
      const namespace = sampleOf(place);
      // More than can be compared is told as a gain, never as none.
      return (
        pieces === undefined ||
        pieces.some((piece) => !before.can(subject, literal(piece, namespace)).allowed)
      );
    },
  );
}

/** The request a piece spells: its stars stand for themselves there, so that only a star of a rule allows them. */
function literal(piece: Piece, namespace: string): Question {
  const { verb } = piece;
  if ('path' in piece) return { kind: 'nonResource', verb, path: piece.path };
  const [resource = '', ...parts] = piece.resource.split('/');
  return {
    ...{ kind: 'resource', verb, apiGroup: piece.group, resource, subresource: parts.join('/') },
    ...{ namespace, name: piece.name ?? '' },
  };
}
