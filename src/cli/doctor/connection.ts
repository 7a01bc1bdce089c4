import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Answer, Call, WebhookTarget } from './call.ts';
import type { Finding } from './finding.ts';

const day = 24 * 60 * 60 * 1000;
/** From then on a certificate is to be replaced. */
const soon = 30 * day;
/** A token is good for 15 minutes from the time it names; within this, clocks are as clocks are. */
const usualDifference = 30_000;
const worstDifference = 5 * 60_000;

const group = 'address';

/** The client certificate of a webhook kubeconfig, before it is used. `file` is named in hints. */
export function checkClientCertificate(target: WebhookTarget, file: string, now: number): readonly Finding[] {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(target.certificate);
    if (!certificate.checkPrivateKey(createPrivateKey(target.key))) {
      return [
        finding('error', 'clientKey', `the key in \`${file}\` is not that of its certificate`, newBundle),
      ];
    }
  } catch (error) {
    const reason = (error as Error).message;
    return [
      finding(
        'error',
        'clientCertificate',
        `the client certificate in \`${file}\` cannot be read: ${reason}`,
        newBundle,
      ),
    ];
  }
  const starts = Date.parse(certificate.validFrom);
  const ends = Date.parse(certificate.validTo);
  if (now < starts) {
    return [
      finding(
        'error',
        'clientCertificateStarts',
        `the client certificate in \`${file}\` is not valid before ${dayOf(starts)}`,
        'set the clock of this machine',
      ),
    ];
  }
  return [ending('clientCertificateEnds', `the client certificate in \`${file}\``, ends, now, newBundle)];
}

const newBundle =
  'make a new bundle with `entryway cluster bundle`, replace the folder on the control plane and restart the API server';

/** What the first answer of an address says about it, beside the review in it. */
export function checkAnswer(answer: Answer, target: WebhookTarget, now: number): readonly Finding[] {
  const { host, hostname } = new URL(target.url);
  const findings: Finding[] = [
    finding(
      'ok',
      'reached',
      `https://${host} answers; its certificate is for \`${target.tlsServerName ?? hostname}\` and from this server’s authority`,
    ),
    ending(
      'serverCertificateEnds',
      'the server’s certificate',
      answer.serverCertificateEnds,
      now,
      'restart `entryway serve`: it makes a new one at every start',
    ),
  ];
  const date = answer.headers.date;
  const serverTime = typeof date === 'string' ? Date.parse(date) : Number.NaN;
  if (Number.isNaN(serverTime)) {
    findings.push(
      finding('warning', 'clock', 'the answer has no Date header, so that clocks cannot be compared'),
    );
  } else {
    // The header has whole seconds, and the answer took its time.
    const difference = Math.max(0, Math.abs(now - serverTime) - 1000 - answer.milliseconds);
    const text = `the server’s clock is ${Math.round(difference / 1000)} s off this machine’s`;
    findings.push(
      difference <= usualDifference
        ? finding('ok', 'clock', 'the server’s clock is that of this machine')
        : finding(
            difference > worstDifference ? 'error' : 'warning',
            'clock',
            text,
            'set both by NTP: tokens name the time they were made at',
          ),
    );
  }
  return findings;
}

/** Why there was no answer, and what to change. */
export function describeFailedCall(error: unknown, target: WebhookTarget, file: string): Finding {
  const { code = '', message, name } = error as NodeJS.ErrnoException;
  const { host, hostname } = new URL(target.url);
  const expected = target.tlsServerName ?? hostname;
  if (name === 'TimeoutError' || name === 'AbortError') {
    return finding(
      'error',
      'unreachable',
      `https://${host} does not answer within 10 s`,
      `look for a firewall between here and there; the address stands in \`${file}\``,
    );
  }
  switch (code) {
    case 'ECONNREFUSED':
      return finding(
        'error',
        'unreachable',
        `nothing listens on https://${host}`,
        'start the server with `entryway serve --webhook-listen HOST:PORT`, or make the bundle with the right `--address`',
      );
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return finding(
        'error',
        'unreachable',
        `the name \`${hostname}\` has no address here`,
        `names are looked up where the API server runs; the address stands in \`${file}\``,
      );
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ETIMEDOUT':
      return finding(
        'error',
        'unreachable',
        `https://${host} cannot be reached: ${code}`,
        'look for a firewall or a missing route',
      );
    case 'ECONNRESET':
    case 'EPIPE':
      return finding(
        'error',
        'clientCertificateRefused',
        `https://${host} cuts the connection, as servers do that refuse a certificate`,
        `look at \`entryway cluster credentials list\`; ${newBundle}`,
      );
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return finding(
        'error',
        'serverName',
        `the certificate of https://${host} is not for \`${expected}\``,
        `make the bundle again: it writes \`tls-server-name\` into \`${file}\` where the address is another one than the server’s own`,
      );
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'CERT_SIGNATURE_FAILURE':
      return finding(
        'error',
        'serverChain',
        `the certificate of https://${host} is not from the authority in \`${file}\``,
        'another server, or another data directory: make the bundle again from the one that is to answer',
      );
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID':
      return finding(
        'error',
        'serverCertificateEnds',
        `the certificate of https://${host} is not valid now`,
        'check the clocks, then restart `entryway serve`: it makes a new certificate at every start',
      );
    default:
      return isClientRefusal(error)
        ? finding(
            'error',
            'clientCertificateRefused',
            `https://${host} refuses the client certificate in \`${file}\``,
            `look at \`entryway cluster credentials list\`; ${newBundle}`,
          )
        : finding('error', 'unreachable', `https://${host} gives no answer: ${message}`);
  }
}

/** A TLS alert about the certificate we showed or did not show, or a connection that is cut where it would be. */
function isClientRefusal(error: unknown): boolean {
  const { code = '' } = error as NodeJS.ErrnoException;
  return (
    /^ERR_SSL_(?:TLSV1|SSLV3|TLSV13)_ALERT_(?:CERTIFICATE|BAD_CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED|HANDSHAKE_FAILURE|UNSUPPORTED_CERTIFICATE)/.test(
      code,
    ) || /^ERR_SSL_.*CERTIFICATE_REQUIRED/.test(code)
  );
}

/** SECURITY: who shows no certificate must learn nothing, not even whether a token is good. */
export async function checkPlainAccess(target: WebhookTarget, body: unknown, call: Call): Promise<Finding> {
  const path = new URL(target.url).pathname.split('/').at(-1);
  try {
    const { status } = await call(target, body, { withoutCertificate: true });
    return status === 401 || status === 403
      ? finding('ok', 'plainAccess', `${path} without a certificate is refused with ${status}`)
      : finding(
          'error',
          'plainAccess',
          `${path} answers ${status} to a caller without a certificate`,
          'something between here and the server ends TLS and lets everybody in: let API servers reach `--webhook-listen` itself',
        );
  } catch (error) {
    const isRefused = isClientRefusal(error) || (error as NodeJS.ErrnoException).code === 'ECONNRESET';
    return isRefused
      ? finding('ok', 'plainAccess', `${path} without a certificate is refused in the handshake`)
      : finding('warning', 'plainAccess', `${path} without a certificate: ${(error as Error).message}`);
  }
}

function ending(code: string, what: string, ends: number, now: number, hint: string): Finding {
  if (Number.isNaN(ends)) return finding('warning', code, `${what} does not say when it ends`);
  if (ends <= now) return finding('error', code, `${what} ended on ${dayOf(ends)}`, hint);
  if (ends - now < soon) return finding('warning', code, `${what} ends on ${dayOf(ends)}`, hint);
  return finding('ok', code, `${what} ends on ${dayOf(ends)}`);
}

function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

function finding(severity: Finding['severity'], code: string, message: string, hint?: string): Finding {
  return { group, severity, code, message, ...(hint !== undefined && { hint }) };
}
