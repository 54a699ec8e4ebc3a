import { RESOURCE_KEY, type AppRef, type RouteRecord } from '@tutti/model';

/** A certificate with its chain and private key, by the secret that holds it. */
export interface Certificate extends AppRef {
  name: string;
  digest: string;
}

const DIGEST = /^[0-9a-f]{64}$/;
/** Of the digest, in a file's name: names may be as long as three times this. */
const BRIEF = 32;

/** The certificate that a route has under a name; undefined where it has none, or none that can be kept as a file. */
export function certificateOf(
  { namespace, app, certificates = {} }: RouteRecord,
  name: unknown,
): Certificate | undefined {
  if (typeof name !== 'string' || !RESOURCE_KEY.test(name) || !Object.hasOwn(certificates, name)) return undefined;
  const digest = certificates[name];
  return typeof digest === 'string' && DIGEST.test(digest) ? { namespace, app, name, digest } : undefined;
}

/** The file that holds it. What is in a file never changes: a renewed certificate is another one. */
export const certificateFile = (folder: string, certificate: Certificate): string =>
  `${folder}/${certificateFileName(certificate)}`;

export const certificateFileName = ({ namespace, app, name, digest }: Certificate): string =>
  `${namespace}.${app}.${name}.${digest.slice(0, BRIEF)}.pem`;
