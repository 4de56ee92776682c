/** Certificates for specs, made when they are needed: an authority, a server's and a client's, and bad ones. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Certificate {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly certFile: string;
  readonly keyFile: string;
}

export interface Certificates {
  readonly ca: Certificate;
  /** For `localhost` and 127.0.0.1. */
  readonly server: Certificate;
  /** For a name that no spec connects to. */
  readonly elsewhere: Certificate;
  readonly client: Certificate;
  /** Another authority's. */
  readonly stranger: Certificate;
  /** Folder with the files; the spec removes it. */
  readonly folder: string;
}

export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'perdure-certs-'));
  const openssl = (...args: string[]) =>
    execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  const read = (name: string): Certificate => {
    const certFile = join(folder, `${name}.pem`);
    const keyFile = join(folder, `${name}.key`);
    return { cert: readFileSync(certFile), key: readFileSync(keyFile), certFile, keyFile };
  };
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const authority = (name: string): Certificate => {
    const files = ['-keyout', `${name}.key`, '-out', `${name}.pem`];
    openssl('req', '-x509', ...curve, ...files, '-days', '2', '-subj', `/CN=${name}`);
    return read(name);
  };
  const issued = (name: string, by: string, names: string): Certificate => {
    writeFileSync(join(folder, `${name}.ext`), `subjectAltName=${names}\n`);
    openssl(
      'req',
      ...curve,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
      '-subj',
      `/CN=${name}`,
    );
    const signer = ['-CA', `${by}.pem`, '-CAkey', `${by}.key`, '-CAcreateserial'];
    const out = ['-out', `${name}.pem`, '-days', '2', '-extfile', `${name}.ext`];
    openssl('x509', '-req', '-in', `${name}.csr`, ...signer, ...out);
    return read(name);
  };
  const ca = authority('ca');
  authority('other');
  return {
    ca,
    server: issued('server', 'ca', 'DNS:localhost,IP:127.0.0.1'),
    elsewhere: issued('elsewhere', 'ca', 'DNS:elsewhere.example.com'),
    client: issued('client', 'ca', 'DNS:client'),
    stranger: issued('stranger', 'other', 'DNS:localhost,IP:127.0.0.1'),
    folder,
  };
}
