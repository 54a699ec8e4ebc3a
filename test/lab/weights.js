// What of the processor goes to whom when there is not enough for all: as on a host with systemd, the engine, the agent and
// each container are control groups of their own, side by side. Weights are systemd's: what nothing is said of has 100.
import { existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const CONTROLLERS = '/sys/fs/cgroup';
export const DEFAULT_WEIGHT = 100;
/** What packaging/systemd/engine-weight.conf gives an engine. */
export const YIELDING_WEIGHT = 10;
/** A lab stands for whole machines, which leave their users and the control plane alone. */
const LAB_WEIGHT = 800;
const SHARES_PER_WEIGHT = 1024 / DEFAULT_WEIGHT;

// All hosts' groups are side by side in their lab's: hosts that are real do not compete, and with a group for each a host's
// engine that weighs little would still take that host's whole part from the others.
const groupOf = (number) => `tutti-lab-${number}`;

/**
 * A program's words that take a process into a group of a lab, such as `engine-h1`, and go on as the command that follows
 * them; none where the kernel has no such groups (version 1 of control groups, which is what the lab knows).
 */
export function enter(number, name, weight = DEFAULT_WEIGHT) {
  const group = join(CONTROLLERS, 'cpu', groupOf(number), name);
  if (!makeGroup(group, weight)) return [];
  weigh(join(group, '..'), LAB_WEIGHT);
  return ['sh', '-c', 'echo $$ > "$0" && exec "$@"', join(group, 'cgroup.procs')];
}

/** The engine's options that put containers beside it. */
export const engineOptions = (number) =>
  existsSync(join(CONTROLLERS, 'cpu', groupOf(number))) ? ['--cgroup-parent', `/${groupOf(number)}`] : [];

/** Removes the groups of a lab in which nothing runs any more, those that Docker has made in other controllers included. */
export function remove(number) {
  for (const controller of subfoldersOf(CONTROLLERS)) removeTree(join(controller, groupOf(number)));
}

function makeGroup(group, weight) {
  try {
    mkdirSync(group, { recursive: true });
    return weigh(group, weight);
  } catch {
    return false;
  }
}

function weigh(group, weight) {
  const file = join(group, 'cpu.shares');
  if (!existsSync(file)) return false;
  writeFileSync(file, `${Math.round(weight * SHARES_PER_WEIGHT)}`);
  return true;
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
