// The lab's network: one bridge on this machine, and for each host a namespace with a wire into the bridge.
import { run, tryRun } from './shell.js';

/** The third byte of a lab's addresses, 10.231.<n>.0/24; each lab has its own. */
const NUMBERS = Array.from({ length: 200 }, (_, index) => index + 1);

export const bridgeOf = (number) => `tl${number}`;
export const wireOf = (number, index) => `tl${number}h${index}`;
export const namespaceOf = (number, index) => `tl${number}-${index}`;
export const addressOf = (number, index) => `10.231.${number}.${10 + index}`;
export const gatewayOf = (number) => `10.231.${number}.1`;

/** Makes the bridge, under the first number that no other lab has. @returns the number */
export async function makeBridge() {
  for (const number of NUMBERS) {
    const bridge = bridgeOf(number);
    try {
      // The one who makes it has the number: two labs that start at once get different ones.
      await run('ip', 'link', 'add', bridge, 'type', 'bridge');
    } catch (error) {
      if (/File exists/.test(error.message)) continue;
      throw error;
    }
    await run('ip', 'address', 'add', `${gatewayOf(number)}/24`, 'dev', bridge);
    await run('ip', 'link', 'set', bridge, 'up');
    // Docker's rules on this machine are not for what crosses the bridge.
    await tryRun('sysctl', '-qw', 'net.bridge.bridge-nf-call-iptables=0');
    return number;
  }
  throw new Error('there are 200 labs on this machine: `test/lab/lab down` removes those that are left over');
}

/** A namespace with its own loopback and one address. It has no default route: names that do not resolve fail at once. */
export async function makeHostNetwork(number, index) {
  const [namespace, wire, bridge] = [namespaceOf(number, index), wireOf(number, index), bridgeOf(number)];
  await run('ip', 'netns', 'add', namespace);
  await run('ip', 'link', 'add', wire, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
  await run('ip', 'link', 'set', wire, 'master', bridge, 'up');
  const inside = (...args) => run('ip', '-n', namespace, ...args);
  await inside('link', 'set', 'lo', 'up');
  await inside('address', 'add', `${addressOf(number, index)}/24`, 'dev', 'eth0');
  await inside('link', 'set', 'eth0', 'up');
}

/** With what agents have left running there, such as HAProxy: a namespace lives for as long as one of its processes. */
export async function removeHostNetwork(number, index) {
  const left = (await tryRun('ip', 'netns', 'pids', namespaceOf(number, index))).split('\n').filter(Boolean);
  await tryRun('kill', '-9', ...left);
  await tryRun('ip', 'link', 'del', wireOf(number, index));
  await tryRun('ip', 'netns', 'del', namespaceOf(number, index));
}

export const removeBridge = (number) => tryRun('ip', 'link', 'del', bridgeOf(number));

/** Pulls the plug, or puts it back. */
export const setWire = (number, index, state) => run('ip', 'link', 'set', wireOf(number, index), state);

/**
 * Makes a host's wire bad. Delays need the kernel's netem, which not every kernel has; losses and rates work with iptables
 * and a token bucket.
 * @param options `delay` such as `100ms`, `loss` in percent, `rate` such as `1mbit`
 */
export async function slowWire(number, index, { delay, loss, rate }) {
  const wire = wireOf(number, index);
  await mendWire(number, index);
  if (delay !== undefined) {
    await run('tc', 'qdisc', 'add', 'dev', wire, 'root', 'netem', 'delay', delay).catch((error) => {
      throw new Error(`this kernel cannot delay packets (no netem): use --loss or --rate; ${error.message}`);
    });
  } else if (rate !== undefined) {
    await run('tc', 'qdisc', 'add', 'dev', wire, ...`root tbf rate ${rate} burst 16kb latency 500ms`.split(' '));
  }
  if (loss !== undefined) {
    for (const rule of lossRules(loss)) await inNamespace(number, index, 'iptables', '-I', ...rule);
  }
}

export async function mendWire(number, index) {
  await tryRun('tc', 'qdisc', 'del', 'dev', wireOf(number, index), 'root');
  const rules = await inNamespace(number, index, 'iptables-save', '-t', 'filter').catch(() => '');
  for (const rule of rules.split('\n').filter((line) => line.includes('lab-loss'))) {
    await inNamespace(number, index, 'iptables', ...rule.replace(/^-A/, '-D').replaceAll('"', '').split(' '));
  }
}

function lossRules(percent) {
  const chance = ['-m', 'statistic', '--mode', 'random', '--probability', `${Number(percent) / 100}`];
  const drop = ['-j', 'DROP', '-m', 'comment', '--comment', 'lab-loss'];
  return [
    ['INPUT', '-i', 'eth0', ...chance, ...drop],
    ['OUTPUT', '-o', 'eth0', ...chance, ...drop],
  ];
}

/** Runs a program in a host's network, with the file system of this machine. */
export const inNamespace = (number, index, ...command) => run('nsenter', ...enter(number, index), ...command);

/** Not `ip netns exec`: that one hides the mounts of the control groups, which Docker needs. */
export const enter = (number, index) => [`--net=/var/run/netns/${namespaceOf(number, index)}`];
