// What breaks: one thing after the other, some at the same time, each for a while, then it is whole again.
import { setTimeout as sleep } from 'node:timers/promises';
import { killContainer } from '../../harness/docker.js';
import { kill } from '../../harness/processes.js';

const SERVICES = ['policy', 'scheduler', 'scheduler-2', 'monitor', 'service-discovery', 'metering', 'gateway'];

/** Breaks things until `isOver`; returns when all of it is whole again. @returns how often what was broken */
export async function breakThings({ world, random, log, isOver }) {
  const counts = {};
  const busy = new Set();
  const open = new Set();
  const pick = (list) => list[Math.floor(random() * list.length)];
  while (!isOver()) {
    await sleep(500 + random() * 2500);
    if (isOver()) break;
    const fault = pick(FAULTS);
    const target = fault.target({ world, pick });
    // One fault at a time for a host or a process: two would hide each other.
    if (busy.has(target.key)) continue;
    busy.add(target.key);
    counts[fault.name] = (counts[fault.name] ?? 0) + 1;
    const ms = fault.from + random() * (fault.to - fault.from);
    log(`${fault.name} ${target.key}, ${Math.round(ms)} ms`);
    const work = fault
      .work({ world, target, ms, random, log })
      .catch((error) => log(`${fault.name} ${target.key} failed: ${error.message}`))
      .finally(() => (busy.delete(target.key), open.delete(work)));
    open.add(work);
  }
  await Promise.all(open);
  return counts;
}

const ofHosts = ({ world, pick }) => {
  const host = pick(world.lab.hosts);
  return { key: host.name, host };
};
const ofServices = ({ pick }) => ({ key: pick(SERVICES) });
const nats = () => ({ key: 'nats-server' });
const ofClocks = ({ world, pick }) => ({ key: pick([...world.lab.hosts.map(({ name }) => name), 'scheduler-2']) });

async function pause(pid, ms) {
  if (!pid) return;
  kill(pid, 'SIGSTOP');
  await sleep(ms);
  kill(pid, 'SIGCONT');
}

const FAULTS = [
  {
    ...{ name: 'cut', from: 500, to: 9000, target: ofHosts },
    work: async ({ target: { host }, ms }) => {
      await host.cut();
      await sleep(ms);
      await host.mend();
    },
  },
  {
    ...{ name: 'lossy wire', from: 2000, to: 6000, target: ofHosts },
    work: async ({ target: { host }, ms, random }) => {
      await host.slow({ loss: 5 + Math.floor(random() * 30) });
      await sleep(ms);
      await host.unslow();
    },
  },
  {
    ...{ name: 'slow wire', from: 2000, to: 6000, target: ofHosts },
    work: async ({ target: { host }, ms }) => {
      await host.slow({ rate: '256kbit' });
      await sleep(ms);
      await host.unslow();
    },
  },
  {
    ...{ name: 'kill agent', from: 0, to: 1, target: ofHosts },
    work: async ({ world, target, log }) => {
      const ms = await world.killAgent(target.key);
      log(`agent of ${target.key} is back after ${Math.round(ms)} ms`);
    },
  },
  {
    // Shorter than the lease: an agent that is paused for longer cannot stop what it is to fence, see the task model.
    ...{ name: 'pause agent', from: 200, to: 1500, target: ofHosts },
    work: ({ world, target, ms }) => pause(world.members.get(target.key).pid, ms),
  },
  {
    ...{ name: 'kill engine', from: 300, to: 3000, target: ofHosts },
    work: ({ world, target: { host }, ms }) =>
      world.unguarded(host.name, async () => {
        await host.killEngine();
        await sleep(ms);
        await host.startEngine();
      }),
  },
  {
    ...{ name: 'step clock', from: 1000, to: 10_000, target: ofClocks },
    work: ({ world, target: { key }, ms, random }) =>
      world.unguarded(key === 'scheduler-2' ? '*' : 'nobody', async () => {
        if (!world.clocks.available) return;
        world.clocks.step(key, Math.round((random() - 0.5) * 240));
        await sleep(ms);
        world.clocks.step(key, 0);
      }),
  },
  {
    // As if its disk took its time.
    ...{ name: 'stall engine', from: 500, to: 4000, target: ofHosts },
    work: ({ world, target: { host }, ms }) => world.unguarded(host.name, () => host.stallEngine(ms)),
  },
  {
    ...{ name: 'kill container', from: 0, to: 1, target: ofHosts },
    work: async ({ target: { host }, random }) => {
      const containers = await host.docker.listContainers();
      const victim = containers[Math.floor(random() * containers.length)];
      if (victim) await killContainer(victim.Id, host.docker);
    },
  },
  {
    ...{ name: 'kill service', from: 0, to: 1, target: ofServices },
    work: async ({ world, target: { key } }) => {
      kill(world.pidOf(key));
      if (key === 'scheduler-2') world.startSecondScheduler();
    },
  },
  {
    ...{ name: 'pause service', from: 300, to: 5000, target: ofServices },
    work: ({ world, target, ms }) => pause(world.pidOf(target.key), ms),
  },
  {
    ...{ name: 'kill nats-server', from: 0, to: 1, target: nats },
    work: async ({ world }) => kill(world.pidOf('nats-server')),
  },
  {
    ...{ name: 'pause nats-server', from: 300, to: 4000, target: nats },
    work: ({ world, ms }) => pause(world.pidOf('nats-server'), ms),
  },
];
