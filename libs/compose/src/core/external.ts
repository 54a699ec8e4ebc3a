import { isMap } from './json.js';
import { keyTable } from './keys.js';
import { section, type Place } from './place.js';
import { boolean, string } from './scalars.js';

/** `external: { name: … }`, the older form. */
export const EXTERNAL_KEYS = keyTable('networks.*.external, volumes.*.external', { honoured: { name: '' } });

/** The engine's grammar for the names of networks and volumes. */
const ENGINE_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/;

/** Whether a network or volume exists already, and the engine's name for it; an external one goes by its key. */
export function externalName(
  key: string,
  external: Place | undefined,
  name: Place | undefined,
): { external: boolean; name?: string } {
  const older = external && isMap(external.value) ? section(external, EXTERNAL_KEYS).at('name') : undefined;
  const outside = external && isMap(external.value) ? true : (boolean(external) ?? false);
  const stated = string(name ?? older);
  if (stated !== undefined && !ENGINE_NAME.test(stated))
    (name ?? older)?.fault('is no name: use letters, digits, -, _ and .');
  return { external: outside, name: stated ?? (outside ? key : undefined) };
}
