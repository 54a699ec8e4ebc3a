import type { ServiceMode, ServiceSpec } from '@tutti/model';
import { keyTable } from './keys.js';
import { section, type Place, type Section } from './place.js';
import { placement } from './placement.js';
import { integer, oneOf } from './scalars.js';

export const DEPLOY_KEYS = keyTable('services.*.deploy', {
  honoured: {
    mode: 'replicated, global, replicated-job, global-job',
    replicas: 'where not given, 1, and an earlier scale is kept',
    resources: '',
    restart_policy: '',
    update_config: '',
    rollback_config: '',
    placement: '',
    endpoint_mode:
      'vip where not given: a name resolves to one address for good; dnsrr: to the addresses of healthy tasks',
  },
  ignored: {
    labels: 'labels belong to containers: use the labels of the service',
  },
});

const MODES: readonly ServiceMode[] = ['replicated', 'global', 'replicated-job', 'global-job'];
const MAX_REPLICAS = 1_000_000;

export type DeploySection = Section<keyof typeof DEPLOY_KEYS.honoured>;

export function deploySection(place: Place | undefined): DeploySection {
  return section(place, DEPLOY_KEYS);
}

/** How many tasks a service has, and where they may go. `scale` is Compose's older word for `replicas`. */
export function replication(
  deploy: DeploySection,
  scale: Place | undefined,
): Pick<ServiceSpec, 'mode' | 'replicas' | 'replicasStated' | 'placement'> {
  const mode = oneOf(deploy.at('mode'), MODES) ?? 'replicated';
  const replicas = integer(deploy.at('replicas'), { min: 0, max: MAX_REPLICAS });
  const scaled = integer(scale, { min: 0, max: MAX_REPLICAS });
  if (replicas !== undefined && scaled !== undefined && replicas !== scaled)
    scale?.fault(`says otherwise than ${deploy.at('replicas')?.path}: keep one of the two`);
  const stated = replicas ?? scaled;
  if (mode.startsWith('global') && stated !== undefined)
    (deploy.at('replicas') ?? scale)?.fault(
      `counts replicas of a ${mode} service, which has one on each node: leave it out`,
    );
  return {
    mode,
    replicas: stated ?? 1,
    replicasStated: stated !== undefined,
    placement: placement(deploy.at('placement')),
  };
}
