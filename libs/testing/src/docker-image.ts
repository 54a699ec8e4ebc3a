import Docker from 'dockerode';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { tarArchive, type TarEntry } from './docker-tar.js';

/** The image that tests run: busybox and nothing else, made here, since no registry has to be at hand. */
export const BUSYBOX_IMAGE = 'tutti-test/busybox:1';

const BUSYBOX = '/bin/busybox';

const made = new WeakMap<Docker, Promise<string>>();
let own: Docker | undefined;

/**
 * Makes the busybox image where the engine does not have it; at once where it does.
 * @param docker the engine; DOCKER_HOST's or the default one where absent
 * @returns the image's name
 * @throws Error where this machine has no static busybox
 */
export function ensureBusyboxImage(docker: Docker = (own ??= new Docker())): Promise<string> {
  const making = made.get(docker) ?? makeBusyboxImage(docker);
  made.set(docker, making);
  making.catch(() => made.delete(docker));
  return making;
}

async function makeBusyboxImage(docker: Docker): Promise<string> {
  if (await hasImage(docker)) return BUSYBOX_IMAGE;
  const [repo, tag] = BUSYBOX_IMAGE.split(':');
  const archive = Readable.from([tarArchive(await busyboxRoot())]);
  const answer = await docker.importImage(archive, { repo, tag, changes: 'ENV PATH=/bin' });
  await new Promise((resolve, reject) =>
    docker.modem.followProgress(answer, (error, result) => (error ? reject(error) : resolve(result))),
  );
  if (!(await hasImage(docker))) throw new Error(`the Docker Engine did not take the image ${BUSYBOX_IMAGE}`);
  return BUSYBOX_IMAGE;
}

async function hasImage(docker: Docker): Promise<boolean> {
  const images = await docker.listImages({ filters: { reference: [BUSYBOX_IMAGE] } });
  return images.length > 0;
}

/** A root file system: the one program, and a link to it for each of its names. */
async function busyboxRoot(): Promise<TarEntry[]> {
  const program = await readFile(BUSYBOX).catch((cause: unknown) => {
    throw new Error(`there is no ${BUSYBOX} to make a test image from: install the package busybox-static`, { cause });
  });
  const { stdout } = await promisify(execFile)(BUSYBOX, ['--list']);
  const names = stdout.split('\n').filter((name) => name !== '' && name !== 'busybox');
  return [
    { path: 'bin/busybox', mode: 0o755, content: program },
    { path: 'etc/passwd', mode: 0o644, content: Buffer.from('root:x:0:0:root:/:/bin/sh\n') },
    ...names.map((name) => ({ path: `bin/${name}`, mode: 0o777, linkTo: 'busybox' })),
  ];
}
