import type { HookSpec } from '@tutti/model';
import { dictionary } from './collections.js';
import { compact } from './json.js';
import { keyTable } from './keys.js';
import { items, section, type Place } from './place.js';
import { commandLine } from './process.js';
import { boolean, words } from './scalars.js';

export const HOOK_KEYS = keyTable('services.*.post_start[], services.*.pre_stop[]', {
  honoured: { command: '', user: '', privileged: '', environment: '', working_dir: '' },
});

/** The hooks of a service, in their order. */
export function hooks(place: Place | undefined): HookSpec[] | undefined {
  const found = items(place)
    .map(hook)
    .filter((one) => one !== undefined);
  return found.length === 0 ? undefined : found;
}

function hook(place: Place): HookSpec | undefined {
  const keys = section(place, HOOK_KEYS);
  const command = commandLine(keys.at('command'));
  const rest = compact({
    environment: dictionary(keys.at('environment')),
    user: words(keys.at('user')),
    workingDir: words(keys.at('working_dir')),
    privileged: boolean(keys.at('privileged')),
  });
  if (command && command.length > 0) return { command, ...rest };
  return keys.at('command') && !command ? undefined : place.fault('has no command');
}
