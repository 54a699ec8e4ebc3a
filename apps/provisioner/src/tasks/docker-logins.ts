import { messageOf } from '@tutti/model';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { loginOf, type RegistryLogin } from '../core/docker-config.js';

/**
 * Looks logins up in the Docker client's config.json, anew each time: who logs in need not restart the agent.
 * @param folder absent: DOCKER_CONFIG, else `~/.docker`
 */
export function dockerLogins(folder?: string): (registry: string) => Promise<RegistryLogin> {
  return async (registry) => {
    const file = join(folder ?? process.env.DOCKER_CONFIG ?? join(homedir(), '.docker'), 'config.json');
    try {
      return loginOf(JSON.parse(await readFile(file, 'utf8')), registry);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
      // What JSON.parse says may quote the file, and so a password.
      const why = error instanceof SyntaxError ? 'it is no JSON' : messageOf(error);
      return { remark: `${file} cannot be read, ${why}` };
    }
  };
}
