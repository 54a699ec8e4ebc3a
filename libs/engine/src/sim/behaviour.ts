import { parseDuration, type EngineHealth } from '@tutti/model';
import type { ContainerConfig } from '../port/container.js';
import { EngineError, type EngineErrorCode } from '../port/errors.js';

/** What a simulated container does once it is started. */
export interface SimBehaviour {
  /** Ends by itself so long after its start; absent: runs until it is stopped. */
  exitAfterMs?: number;
  /** Default 0. */
  exitCode?: number;
  /** Ends as if it had hit its memory limit. */
  oom?: boolean;
  /** Each start fails with this. */
  startError?: EngineErrorCode;
  /** What the health check comes to; only where one is configured. Default `healthy`. */
  health?: EngineHealth;
  /** How long that takes. Default: the health check's interval. */
  healthAfterMs?: number;
  /** Takes no notice of the stop signal: the whole grace passes. */
  ignoresStop?: boolean;
  /** What commands that are run in it end with. Default 0. */
  execCode?: number;
  /** Printed at each start. */
  logs?: { stream: 'stdout' | 'stderr'; line: string }[];
  /** CPU it uses while it runs, in thousandths of a core. Default 10. */
  cpuMillis?: number;
  /** Default 8 MiB. */
  memoryBytes?: number;
}

/** How an image name behaves. An image that the script does not know is there, and runs for ever. */
export interface SimImage extends SimBehaviour {
  /** Not on the node until it is pulled. */
  absent?: boolean;
  /** Pulling it fails with these words. */
  pullError?: string;
  /** What its registry says that the name stands for, `sha256:…`; absent: it does not answer. */
  digest?: string;
}

const CODES: ReadonlySet<string> = new Set<EngineErrorCode>([
  ...(['not-found', 'conflict', 'image-missing', 'image-unpullable', 'port-taken', 'no-such-network'] as const),
  ...(['bad-config', 'unavailable', 'timeout', 'internal'] as const),
]);

/** Reads one `sim.…` label into the behaviour. */
const LABELS: Record<string, (value: string, behaviour: SimBehaviour) => void> = {
  'sim.exit-after': (value, behaviour) => (behaviour.exitAfterMs = parseDuration(value)),
  'sim.exit-code': (value, behaviour) => (behaviour.exitCode = Number(value)),
  'sim.oom': (value, behaviour) => (behaviour.oom = value === 'true'),
  'sim.start-error': (value, behaviour) => (behaviour.startError = requireCode(value)),
  'sim.health': (value, behaviour) => (behaviour.health = value as EngineHealth),
  'sim.health-after': (value, behaviour) => (behaviour.healthAfterMs = parseDuration(value)),
  'sim.ignores-stop': (value, behaviour) => (behaviour.ignoresStop = value === 'true'),
  'sim.exec-code': (value, behaviour) => (behaviour.execCode = Number(value)),
  'sim.log': (value, behaviour) => (behaviour.logs = toLines(value, 'stdout', behaviour.logs)),
  'sim.log-stderr': (value, behaviour) => (behaviour.logs = toLines(value, 'stderr', behaviour.logs)),
  'sim.cpu-millis': (value, behaviour) => (behaviour.cpuMillis = Number(value)),
  'sim.memory-bytes': (value, behaviour) => (behaviour.memoryBytes = Number(value)),
};

/**
 * What a container does: as its image is scripted, and over that as its `sim.…` labels say.
 * @throws EngineError `bad-config` for a `sim.` label that means nothing
 */
export function behaviourOf({ labels = {} }: ContainerConfig, image: SimBehaviour = {}): SimBehaviour {
  const behaviour = { ...image };
  for (const [key, value] of Object.entries(labels)) {
    if (!key.startsWith('sim.')) continue;
    const read = LABELS[key];
    if (!read)
      throw new EngineError('bad-config', `the label ${key} means nothing here: use ${Object.keys(LABELS).join(', ')}`);
    read(value, behaviour);
  }
  return behaviour;
}

function requireCode(value: string): EngineErrorCode {
  if (CODES.has(value)) return value as EngineErrorCode;
  throw new EngineError(
    'bad-config',
    `sim.start-error is ${JSON.stringify(value)}: use one of ${[...CODES].join(', ')}`,
  );
}

function toLines(text: string, stream: 'stdout' | 'stderr', before: SimBehaviour['logs'] = []): SimBehaviour['logs'] {
  return [...before, ...text.split('\n').map((line) => ({ stream, line }))];
}
