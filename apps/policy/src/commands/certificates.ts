import { tlsSecrets, type ApplicationSpec, type Content, type Fault } from '@tutti/model';
import { createPrivateKey, X509Certificate } from 'node:crypto';

/** What HAProxy's OpenSSL takes as Debian and others set it. */
const LEAST_RSA_BITS = 2048;
const PARTS = 'put the certificate, its chain and its private key into it, in PEM';

/**
 * Whether the secrets that proxies are to serve as certificates are some: faults, and what is only remarked upon. Nothing of
 * what is in them stands in either.
 * @param contents those that the specification brings; one that it names by its digest alone was judged before
 */
export function judgeCertificates(
  spec: ApplicationSpec,
  contents: readonly Content[],
  now: number,
): { faults: Fault[]; findings: Fault[] } {
  const names = new Set(Object.values(spec.services).flatMap(tlsSecrets));
  const brought = contents.filter(({ kind, name }) => kind === 'secret' && names.has(name));
  const judged = brought.map(({ name, data }) => ({ name, path: `secrets.${name}`, ...readCertificate(data) }));
  return {
    faults: judged.flatMap(({ path, fault }) => (fault === undefined ? [] : [{ path, message: fault }])),
    findings: judged.flatMap(({ name, path, certificate }) =>
      certificate ? [...datesOf(certificate, { path, now }), ...uncovered(certificate, { name, spec })] : [],
    ),
  };
}

/** The first certificate of a PEM, which is the one that is served; or why that cannot be. */
function readCertificate(
  pem: string,
): { fault: string; certificate?: never } | { certificate: X509Certificate; fault?: never } {
  const blocks = blocksOf(pem);
  const [certificate, ...chain] = blocks.filter(({ label }) => label === 'CERTIFICATE').map(({ text }) => parsed(text));
  const keys = blocks.filter(({ label }) => label.endsWith('PRIVATE KEY'));
  const [key] = keys;
  if (blocks.every(({ label }) => label !== 'CERTIFICATE')) return { fault: `holds no certificate: ${PARTS}` };
  if (!certificate || chain.includes(undefined)) return { fault: 'holds a certificate that cannot be read' };
  if (!key) return { fault: `holds no private key: ${PARTS}` };
  if (keys.length > 1) return { fault: `holds ${keys.length} private keys: keep the one of the certificate` };
  const fault = keyFault(key.text, certificate);
  return fault === undefined ? { certificate } : { fault };
}

interface Block {
  label: string;
  text: string;
}

/** The blocks of a PEM; whatever stands between them is set aside, as OpenSSL does. */
function blocksOf(pem: string): Block[] {
  const pieces = pem.split('-----BEGIN ').slice(1);
  return pieces.flatMap((piece) => {
    const label = piece.slice(0, Math.max(0, piece.indexOf('-----')));
    const end = `-----END ${label}-----`;
    const at = piece.indexOf(end);
    return label === '' || at < 0 ? [] : [{ label, text: `-----BEGIN ${piece.slice(0, at)}${end}\n` }];
  });
}

function parsed(text: string): X509Certificate | undefined {
  try {
    return new X509Certificate(text);
  } catch {
    return undefined;
  }
}

function keyFault(text: string, certificate: X509Certificate): string | undefined {
  if (text.includes('ENCRYPTED'))
    return 'holds a private key with a passphrase, which no proxy can be asked for: take it off';
  try {
    const key = createPrivateKey(text);
    if (!certificate.checkPrivateKey(key))
      return 'holds a private key that does not belong to its first certificate: put the certificate of the key first';
    const bits = certificate.publicKey.asymmetricKeyDetails?.modulusLength ?? LEAST_RSA_BITS;
    return bits < LEAST_RSA_BITS
      ? `holds an RSA key of ${bits} bits: proxies take ${LEAST_RSA_BITS} or more`
      : undefined;
  } catch {
    return 'holds a private key that cannot be read';
  }
}

/** Not refused: what runs already has to be deployable, whatever the time is. */
function datesOf({ validFrom, validTo }: X509Certificate, { path, now }: { path: string; now: number }): Fault[] {
  const [from, to] = [new Date(validFrom), new Date(validTo)];
  if (to.getTime() < now) return [{ path, message: `holds a certificate that has expired: ${to.toISOString()}` }];
  if (from.getTime() > now)
    return [{ path, message: `holds a certificate that is not valid before ${from.toISOString()}` }];
  return [];
}

/** Host names that browsers would warn of. */
function uncovered(certificate: X509Certificate, { name, spec }: { name: string; spec: ApplicationSpec }): Fault[] {
  return Object.entries(spec.services).flatMap(([service, { traffic }]) =>
    traffic.http.flatMap(({ host, tls }, index) => {
      if (tls !== name || host === undefined) return [];
      // Clients look at the names of the extension only.
      const covers = certificate.checkHost(host.replace(/^\*\./, 'any.'), { subject: 'never' }) !== undefined;
      const path = `services.${service}.x-tutti.http[${index}].tls`;
      return covers ? [] : [{ path, message: `the certificate in ${name} is not for ${host}` }];
    }),
  );
}
