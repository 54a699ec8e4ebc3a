import { asList, childPath, isMap, own, withKey, type JsonMap } from './json.js';
import type { Report } from './report.js';

/** Takes every profile, as Compose has it. */
const ALL = '*';

/**
 * Leaves out services whose profiles are not active, and lists them as ignored. A service without profiles always stays.
 * @param active names of the active profiles; `*` activates all
 */
export function applyProfiles(document: JsonMap, active: readonly string[], report: Report): JsonMap {
  const services = own(document, 'services');
  if (!isMap(services)) return document;
  const kept = Object.entries(services).filter(([name, service]) => {
    const profiles = isMap(service) ? asList(own(service, 'profiles')) : [];
    if (profiles.length === 0 || profiles.some((profile) => active.includes(ALL) || active.includes(String(profile))))
      return true;
    report.ignore(
      childPath('services', name),
      `is left out: none of its profiles (${profiles.map(String).slice(0, 5).join(', ')}) is active`,
    );
    return false;
  });
  return withKey(
    document,
    'services',
    Object.fromEntries(
      kept.map(([name, service]) => [name, isMap(service) ? withKey(service, 'profiles', undefined) : service]),
    ),
  );
}
