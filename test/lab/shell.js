// Commands of the system, run to their end.
import { execFile } from 'node:child_process';

/**
 * @returns what it printed
 * @throws Error with the command and its last words
 */
export function run(program, ...args) {
  return new Promise((resolve, reject) => {
    execFile(program, args, { maxBuffer: 16 * 1024 ** 2 }, (error, stdout, stderr) => {
      if (!error) resolve(stdout);
      else reject(new Error(`${program} ${args.join(' ')}: ${stderr.trim() || error.message}`));
    });
  });
}

/** Like {@link run}; that it fails is no matter. */
export const tryRun = (program, ...args) => run(program, ...args).catch(() => '');

/** Refuses what cannot work, in one sentence. */
export async function requireLinuxRoot() {
  if (process.platform !== 'linux' || process.getuid() !== 0) {
    throw new Error('the lab makes network namespaces and runs Docker Engines: it needs Linux, and root');
  }
  for (const program of ['ip', 'nsenter', 'iptables', 'dockerd']) {
    await run('sh', '-c', `command -v ${program}`).catch(() => {
      throw new Error(`the lab needs ${program}: \`scripts/setup lab\` installs it`);
    });
  }
}
