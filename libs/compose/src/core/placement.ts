import { ATTRIBUTES, constraintFault, isSpreadable, readConstraint, type PlacementSpec } from '@tutti/model';
import { compact, quote } from './json.js';
import { keyTable } from './keys.js';
import { items, section, type Place } from './place.js';
import { integer, string } from './scalars.js';

export const PLACEMENT_KEYS = keyTable('services.*.deploy.placement', {
  honoured: {
    constraints: `${ATTRIBUTES}, with == or !=`,
    preferences: 'the first counts most, and the next ones within it; then tasks are spread over nodes',
    max_replicas_per_node: '0 is no limit',
  },
});

export const PREFERENCE_KEYS = keyTable('services.*.deploy.placement.preferences[]', {
  honoured: { spread: 'node.labels.… or engine.labels.…; nodes without the label are one group' },
});

/** Where tasks may go. Constraints come out with one blank on each side of the operator. */
export function placement(place: Place | undefined): PlacementSpec {
  const keys = section(place, PLACEMENT_KEYS);
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
  const written = string(place);
  if (written === undefined) return undefined;
  const rule = readConstraint(written);
  return rule
    ? `${rule.attribute} ${rule.equal ? '==' : '!='} ${rule.value}`
    : place.fault(constraintFault(written) ?? 'is no constraint');
}

function spread(place: Place): string | undefined {
  const label = section(place, PREFERENCE_KEYS).at('spread');
  const written = string(label);
  if (written === undefined)
    return label ? undefined : place.fault('names no spread: write it as spread: node.labels.zone');
  return isSpreadable(written) ? written : label?.fault(`is ${quote(written)}: write it as node.labels.zone`);
}
