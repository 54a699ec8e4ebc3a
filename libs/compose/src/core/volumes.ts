import type { VolumeSpec } from '@tutti/model';
import { compact } from './json.js';
import { keyTable } from './keys.js';
import { dictionary } from './collections.js';
import { section, type Place } from './place.js';
import { string } from './scalars.js';
import { externalName } from './external.js';

export const VOLUME_KEYS = keyTable('volumes.*', {
  honoured: { name: '', driver: '', driver_opts: '', external: '', labels: '' },
});

/** A volume under the top-level `volumes`; one without settings is legal. */
export function volume(key: string, place: Place | undefined): VolumeSpec {
  const keys = section(place, VOLUME_KEYS);
  const { external, name } = externalName(key, keys.at('external'), keys.at('name'));
  return compact({
    name,
    external,
    driver: string(keys.at('driver')),
    driverOpts: dictionary(keys.at('driver_opts')),
    labels: dictionary(keys.at('labels')),
  });
}
