import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate that vouches for itself, valid from now on for a day, and its private key, both in PEM. */
export interface TestCertificate {
  certificate: string;
  key: string;
  /** Both, as proxies want them. */
  pem: string;
}

/** Makes a certificate for these host names. @param key as openssl has it for `-newkey` */
export function makeCertificate(hosts: readonly string[], key = 'ec:P-256'): TestCertificate {
  const folder = mkdtempSync(join(tmpdir(), 'tutti-pem-'));
  const [kind = '', curve] = key.split(':');
  const newKey = kind === 'ec' ? ['ec', '-pkeyopt', `ec_paramgen_curve:${curve}`] : [key];
  const [keyFile, file] = [join(folder, 'key'), join(folder, 'certificate')];
  const names = hosts.map((host) => `DNS:${host}`).join(',');
  const out = ['-nodes', '-keyout', keyFile, '-out', file, '-days', '1'];
  const about = ['-subj', `/CN=${hosts[0]}`, '-addext', `subjectAltName=${names}`];
  try {
    execFileSync('openssl', ['req', '-x509', '-newkey', ...newKey, ...out, ...about], { stdio: 'pipe' });
    const [certificate, secret] = [readFileSync(file, 'utf8'), readFileSync(keyFile, 'utf8')];
    return { certificate, key: secret, pem: certificate + secret };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
