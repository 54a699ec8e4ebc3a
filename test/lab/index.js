// Several Docker hosts on one Linux machine: a network namespace, a wire and a Docker Engine each.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBusyboxImage } from '@tutti/testing';
import { using } from '../harness/cleanup.js';
import * as engine from './engine.js';
import * as network from './network.js';
import { requireLinuxRoot } from './shell.js';
import * as weights from './weights.js';

/** Where labs note what they have made, so that it can be removed by whoever comes later. */
const LABS = join(tmpdir(), 'tutti-labs');

/**
 * Makes a lab.
 * @param options `hosts`: how many, at most 200; `engineWeight`: what an engine's work weighs where a container weighs 100
 * @throws Error in one sentence where this machine cannot have one
 */
export async function startLab({ hosts = 3, engineWeight = weights.DEFAULT_WEIGHT } = {}) {
  await requireLinuxRoot();
  const number = await network.makeBridge();
  const lab = new Lab(number, { hosts, engineWeight });
  try {
    await lab.start();
  } catch (error) {
    await lab.stop();
    throw error;
  }
  return lab;
}

/** Runs `work` with a lab, and takes it apart whatever happens, Ctrl-C included. */
export const withLab = async (options, work) => using(await startLab(options), work);

/** The labs that exist on this machine, by their numbers. */
export function labs() {
  if (!existsSync(LABS)) return [];
  return readdirSync(LABS)
    .filter((name) => existsSync(join(LABS, name, 'lab.json')))
    .map((name) => labOf(Number(name)));
}

function labOf(number) {
  return new Lab(number, JSON.parse(readFileSync(join(LABS, `${number}`, 'lab.json'), 'utf8')));
}

/** See {@link startLab}. Hosts are named h1, h2, … */
export class Lab {
  constructor(number, options) {
    this.number = number;
    this.options = options;
    this.dir = join(LABS, `${number}`);
    /** This machine's address in the lab: where a control plane on it is reached from the hosts. */
    this.gateway = network.gatewayOf(number);
    this.hosts = Array.from({ length: options.hosts }, (_, index) => new Host(this, index + 1));
  }

  /** @throws Error where there is no such host */
  host(name) {
    const found = this.hosts.find((host) => host.name === name);
    if (!found)
      throw new Error(`there is no host ${name}: there are ${this.hosts.map((host) => host.name).join(', ')}`);
    return found;
  }

  async start() {
    mkdirSync(this.dir, { recursive: true });
    weights.make(this.number);
    writeFileSync(join(this.dir, 'lab.json'), JSON.stringify(this.options));
    await Promise.all(this.hosts.map((host) => host.start()));
  }

  /** Leaves nothing: processes, namespaces, wires, mounts, folders. */
  async stop() {
    await Promise.all(this.hosts.map((host) => host.stop()));
    await network.removeBridge(this.number);
    weights.remove(this.number);
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** One host of a lab. */
export class Host {
  constructor({ number, dir, options }, index) {
    this.number = number;
    this.engineWeight = options.engineWeight;
    this.index = index;
    this.name = `h${index}`;
    this.ip = network.addressOf(number, index);
    this.dir = join(dir, this.name);
    this.dockerHost = `unix://${engine.socketOf(this.dir)}`;
    this.docker = engine.engineAt(this.dir);
  }

  async start() {
    await network.makeHostNetwork(this.number, this.index);
    await this.startEngine();
    await ensureBusyboxImage(this.docker);
  }

  async stop() {
    await engine.removeEngine(this.dir);
    await network.removeHostNetwork(this.number, this.index);
  }

  startEngine = () => engine.startEngine(this);
  killEngine = () => engine.killEngine(this.dir);
  stallEngine = (ms) => engine.stallEngine(this.dir, ms);
  /** Cuts the host off; what runs on it, and its engine's socket, are not affected. */
  cut = () => network.setWire(this.number, this.index, 'down');
  mend = () => network.setWire(this.number, this.index, 'up');
  slow = (options) => network.slowWire(this.number, this.index, options);
  unslow = () => network.mendWire(this.number, this.index);
  /** Runs a program to its end as if on the host. @returns what it printed */
  exec = (...command) => network.inNamespace(this.number, this.index, ...command);
  /** Starts a program as if on the host. @param options `group` and `weight`: beside which others, and what it weighs */
  spawn(command, { group = 'agent', weight, ...options } = {}) {
    const { number, index } = this;
    const inGroup = weights.enter(number, `${group}-h${index}`, weight);
    const [program, ...words] = [...inGroup, 'nsenter', ...network.enter(number, index), ...command];
    return spawn(program, words, options);
  }
}
