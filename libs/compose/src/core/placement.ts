import type { PlacementSpec } from '@tutti/model';
import { compact, quote } from './json.js';
import { keyTable } from './keys.js';
import { items, section, type Place } from './place.js';
import { integer, string } from './scalars.js';

const NOT_YET = 'kept, but not acted upon yet: tasks are spread over nodes, fewest of the service first';

export const PLACEMENT_KEYS = keyTable('services.*.deploy.placement', {
  honoured: {
    constraints:
      'node.id, node.hostname, node.platform.os, node.platform.arch, node.labels.…, engine.labels.…, with == or !=',
    preferences: NOT_YET,
    max_replicas_per_node: '0 is no limit',
  },
});

export const PREFERENCE_KEYS = keyTable('services.*.deploy.placement.preferences[]', { honoured: { spread: '' } });

const CONSTRAINT =
  /^(node\.(?:id|hostname|platform\.os|platform\.arch|labels\.[^\s=!]+)|engine\.labels\.[^\s=!]+)\s*(==|!=)\s*(\S.*)$/;

/** Where tasks may go. Constraints come out with one blank on each side of the operator. */
export function placement(place: Place | undefined): PlacementSpec {
  const keys = section(place, PLACEMENT_KEYS);
  keys.at('preferences')?.ignore(NOT_YET);
  return compact({
    constraints: items(keys.at('constraints'))
      .map(constraint)
      .filter((rule) => rule !== undefined),
    spread: items(keys.at('preferences'))
      .map(spread)
      .filter((label) => label !== undefined),
    maxReplicasPerNode: integer(keys.at('max_replicas_per_node'), { min: 0 }) || undefined,
  });
}

function constraint(place: Place): string | undefined {
  const written = string(place)?.trim();
  if (written === undefined) return undefined;
  if (/^node\.role\b/.test(written))
    return place.fault(
      'asks for node.role, but all nodes are alike here: label the nodes that are meant and use node.labels',
    );
  const [, key, operator, value] = CONSTRAINT.exec(written) ?? [];
  return key
    ? `${key} ${operator} ${value?.trim()}`
    : place.fault(`is ${quote(written)}: write it as node.labels.zone == a`);
}

function spread(place: Place): string | undefined {
  const label = section(place, PREFERENCE_KEYS).at('spread');
  const written = string(label);
  if (written === undefined)
    return label ? undefined : place.fault('names no spread: write it as spread: node.labels.zone');
  return /^(node|engine)\.labels\.\S+$/.test(written)
    ? written
    : label?.fault(`is ${quote(written)}: write it as node.labels.zone`);
}
