// What of the processor goes to whom when there is not enough for all: as on a host with systemd, the engine, the agent and
// each container are control groups of their own, side by side. Weights are systemd's: what nothing is said of has 100.
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

const CONTROLLERS = '/sys/fs/cgroup';
export const DEFAULT_WEIGHT = 100;
/** What packaging gives an engine. */
export const YIELDING_WEIGHT = weightIn(new URL('../../packaging/systemd/engine-weight.conf', import.meta.url));
/** A lab stands for whole machines, which leave their users and the control plane alone. */
const LAB_WEIGHT = 800;
const SHARES_PER_WEIGHT = 1024 / DEFAULT_WEIGHT;
/** Whether this machine has such groups, of version 1, which is what the lab knows; without them nothing has a weight. */
export const hasWeights = isWritable(join(CONTROLLERS, 'cpu/cpu.shares'));

// All hosts' groups are side by side in their lab's: hosts that are real do not compete, and with a group for each a host's
// engine that weighs little would still take that host's whole part from the others.
const groupOf = (number) => `tutti-lab-${number}`;

const cpuGroupOf = (number) => join(CONTROLLERS, 'cpu', groupOf(number));

/** Makes the group that those of a lab are in. */
export function make(number) {
  if (hasWeights) makeGroup(cpuGroupOf(number), LAB_WEIGHT);
}

/**
 * A program's words that take a process into a group of a lab, such as `engine-h1`, and go on as the command that follows
 * them; none where there are no weights.
 */
export function enter(number, name, weight = DEFAULT_WEIGHT) {
  if (!hasWeights) return [];
  const group = join(cpuGroupOf(number), name);
  makeGroup(group, weight);
  return ['sh', '-c', 'echo $$ > "$0" && exec "$@"', join(group, 'cgroup.procs')];
}

/** The engine's options that put containers beside it. */
export const engineOptions = (number) => (hasWeights ? ['--cgroup-parent', `/${groupOf(number)}`] : []);

/** Removes the groups of a lab in which nothing runs any more, those that Docker has made in other controllers included. */
export function remove(number) {
  for (const controller of subfoldersOf(CONTROLLERS)) removeTree(join(controller, groupOf(number)));
}

function makeGroup(group, weight) {
  mkdirSync(group, { recursive: true });
  writeFileSync(join(group, 'cpu.shares'), `${Math.round(weight * SHARES_PER_WEIGHT)}`);
}

function removeTree(group) {
  if (!existsSync(group)) return;
  subfoldersOf(group).forEach(removeTree);
  try {
    rmdirSync(group);
  } catch {
    // Something runs in it: whoever started that will remove it, or the machine's end.
  }
}

const subfoldersOf = (dir) =>
  readdirSync(dir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(dir, name));

function isWritable(file) {
  try {
    accessSync(file, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function weightIn(unit) {
  return Number(/^CPUWeight=(\d+)$/m.exec(readFileSync(unit, 'utf8'))[1]);
}
