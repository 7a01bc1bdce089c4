import type { JSONWebKeySet } from 'jose';
import { identityProviderConfigKey } from '../../storage/records/keys.ts';
import type { StorageReader } from '../../storage/storage.ts';
import type { Authentication, AuthenticationEvidence } from '../access.ts';
import type { IdentityProviderTokens } from '../identityproviders.ts';
import { type ClaimFault, userOfClaims } from './claims.ts';
import { parseProviderConfig } from './config.ts';
import { provenClaims, readPresented, type TokenFault } from './verify.ts';

/** Where the keys of issuers come from; how often an issuer is asked is its business. See `services/sts/webidentity`. */
export interface IssuerKeySource {
  keysOf(issuer: string, keyId: string, now: number): Promise<IssuerKeyAnswer>;
}

export type IssuerKeyAnswer =
  | { readonly outcome: 'keys'; readonly keys: JSONWebKeySet }
  | { readonly outcome: 'unreachable' }
  | { readonly outcome: 'notAsked' };

/**
 * ID tokens of the provider a cluster is associated with.
 *
 * The config is read for every token: what is cheap beside a signature is not worth a second copy that could be late.
 * SECURITY: so a disassociated provider is out with the answer of DisassociateIdentityProviderConfig.
 */
export function createIdentityProviderTokens({
  storage,
  issuerKeys,
}: {
  readonly storage: Pick<StorageReader, 'get'>;
  readonly issuerKeys: IssuerKeySource;
}): IdentityProviderTokens {
  return {
    async authenticate({ clusterId }, token, { now }) {
      try {
        const stored = await storage.get(identityProviderConfigKey(clusterId));
        const config = stored && parseProviderConfig(stored.value);
        if (config === undefined) return undefined;
        const presented = readPresented(token);
        // Not proven yet, and good for telling whose it would be.
        if (presented?.issuer !== config.issuerUrl) return undefined;
        if (!presented.isAllowed) return refused('unsupportedAlgorithm');
        const answer = await issuerKeys.keysOf(config.issuerUrl, presented.keyId, now);
        if (answer.outcome === 'notAsked') return notAsked;
        if (answer.outcome === 'unreachable') {
          return unavailable('issuerUnreachable', 'the identity provider does not tell its keys');
        }
        const proven = await provenClaims(token, config, { keys: answer.keys, now });
        if (!proven.ok) return refused(proven.fault);
        const mapped = userOfClaims(config, proven.claims);
        if (!mapped.ok) return refused(mapped.fault);
        const message = `ID token of identity provider config \`${config.name}\``;
        return {
          outcome: 'authenticated',
          user: mapped.user,
          evidence: { step: 'identity', code: 'identityProvider', message },
          until: proven.until,
        };
      } catch {
        // The cause may quote what it read; the store's own log has it.
        return unavailable('identityProvidersUnreadable', 'ID tokens cannot be judged');
      }
    },
  };
}

/** SECURITY: says which check failed and nothing of the token. */
const faults: Readonly<
  Record<TokenFault | ClaimFault, readonly [step: AuthenticationEvidence['step'], message: string]>
> = {
  malformedToken: ['credential', 'ID token is not a signed JWT'],
  unsupportedAlgorithm: ['credential', 'ID token is not signed with an RS, ES or PS algorithm'],
  unknownSigningKey: ['caller', 'ID token names no key of its issuer'],
  badSignature: ['caller', 'signature of the ID token does not match'],
  wrongIssuer: ['caller', 'ID token is of another issuer'],
  wrongAudience: ['caller', 'ID token is not for the client id of the identity provider config'],
  expired: ['caller', 'ID token has expired'],
  notYetValid: ['caller', 'ID token is not valid yet'],
  badClaims: ['caller', 'claims of the ID token cannot be read'],
  missingRequiredClaim: ['identity', 'ID token lacks a claim that the identity provider config requires'],
  badUsernameClaim: ['identity', 'the username claim of the ID token is no text'],
  emailNotVerified: ['identity', 'the issuer of the ID token has not verified the email address'],
  badGroupsClaim: ['identity', 'the groups claim of the ID token is neither a text nor a list of texts'],
  reservedName: [
    'identity',
    'ID token names a user or group that starts with `system:` or `entryway:break-glass:`',
  ],
};

function refused(fault: TokenFault | ClaimFault): Authentication {
  const [step, message] = faults[fault];
  return { outcome: 'refused', evidence: { step, code: fault, message } };
}

const notAsked: Authentication = {
  outcome: 'refused',
  evidence: {
    step: 'caller',
    code: 'issuerNotAsked',
    message: 'this server asks no identity provider for its keys',
    hint: '`entryway serve --oidc-issuers public` allows those on the internet, `private` those on private networks as well',
  },
};

function unavailable(code: string, message: string): Authentication {
  return { outcome: 'unavailable', evidence: { step: 'caller', code, message } };
}
