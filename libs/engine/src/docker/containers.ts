import type Docker from 'dockerode';
import type { Container } from 'dockerode';
import type { CallOptions } from '../port/call.js';
import type { ContainerConfig, ContainerState, ContainerStats, ContainerSummary } from '../port/container.js';
import type { LabelFilter, RemoveOptions, StopOptions } from '../port/engine.js';
import type { Caller } from './caller.js';
import { endpointConfig, toCreateOptions, wholeSeconds } from './container-config.js';
import { archivesOf } from './files.js';
import { toState, toStats, toSummary, type RawStats } from './container-state.js';
import { toLabelFilter } from './filters.js';
import { requestJson } from './requests.js';

/** What the engine may take on top of the grace that a container has. */
const STOP_MARGIN_MS = 60_000;
/** For a stop with the container's own grace, which we do not know. */
const LONGEST_STOP_MS = 15 * 60_000;

const ALREADY_SO = 304;

/** Containers; a create or a start is one request, and one more for each network after the first and for its files. */
export class DockerContainers {
  /**
   * @param calls for short calls
   * @param waits for those that wait on a container
   */
  constructor(
    private readonly calls: Docker,
    private readonly waits: Docker,
    private readonly caller: Caller,
  ) {}

  create(config: ContainerConfig, options: CallOptions = {}): Promise<{ id: string }> {
    return this.caller.call({ ...options, what: `create container ${config.name}` }, async (abortSignal) => {
      // Apart, since the client would send a flat object twice: in the address and in the body.
      const parts = { _query: { name: config.name }, _body: toCreateOptions(config), abortSignal };
      const container = await this.calls.createContainer(parts as object);
      const further = config.networks?.slice(1) ?? [];
      try {
        for (const network of further) {
          const joining = { Container: container.id, EndpointConfig: endpointConfig(network), abortSignal };
          await this.calls.getNetwork(network.name).connect(joining);
        }
        for (const { folder, tar } of await archivesOf(config)) {
          await container.putArchive(tar, { path: folder, abortSignal } as { path: string });
        }
      } catch (error) {
        // Half a container is none.
        await container.remove({ force: true }).catch(() => undefined);
        throw error;
      }
      return { id: container.id };
    });
  }

  async start(id: string, options: CallOptions = {}): Promise<void> {
    const call = { ...options, what: `start container ${short(id)}` };
    await this.caller.call(call, (abortSignal) => this.get(id).start({ abortSignal }).catch(unlessStatus(ALREADY_SO)));
  }

  async stop(id: string, { graceMs, ...options }: StopOptions = {}): Promise<void> {
    const timeoutMs = graceMs === undefined ? LONGEST_STOP_MS : graceMs + STOP_MARGIN_MS;
    const call = { timeoutMs, ...options, what: `stop container ${short(id)}` };
    const seconds = graceMs === undefined ? {} : { t: wholeSeconds(graceMs) };
    await this.caller.call(call, (abortSignal) =>
      this.waits
        .getContainer(id)
        .stop({ ...seconds, abortSignal })
        .catch(unlessStatus(ALREADY_SO)),
    );
  }

  async kill(id: string, signal = 'SIGKILL', options: CallOptions = {}): Promise<void> {
    const call = { ...options, what: `send ${signal} to container ${short(id)}` };
    await this.caller.call(call, (abortSignal) => this.get(id).kill({ signal, abortSignal }));
  }

  async remove(id: string, { force = false, volumes = false, ...options }: RemoveOptions = {}): Promise<void> {
    const call = { ...options, what: `remove container ${short(id)}` };
    await this.caller.find(call, (abortSignal) => this.get(id).remove({ force, v: volumes, abortSignal }));
  }

  async inspect(id: string, options: CallOptions = {}): Promise<ContainerState | undefined> {
    const call = { ...options, what: `inspect container ${short(id)}` };
    const info = await this.caller.find(call, (abortSignal) => this.get(id).inspect({ abortSignal }));
    return info && toState(info);
  }

  async list({ labels, ...options }: LabelFilter = {}): Promise<ContainerSummary[]> {
    const query = { all: true, filters: toLabelFilter(labels) };
    const call = { ...options, what: 'list containers' };
    return (await this.caller.call(call, (abortSignal) => this.calls.listContainers({ ...query, abortSignal }))).map(
      toSummary,
    );
  }

  async stats(id: string, options: CallOptions = {}): Promise<ContainerStats | undefined> {
    // One shot: without it the engine waits a second for a second sample.
    const query = { stream: false, 'one-shot': true };
    const call = { ...options, what: `sample container ${short(id)}` };
    const path = `/containers/${encodeURIComponent(id)}/stats`;
    const raw = await this.caller.find(call, (signal) => requestJson<RawStats>(this.calls, { path, query, signal }));
    return raw && toStats(raw);
  }

  private get(id: string): Container {
    return this.calls.getContainer(id);
  }
}

/** Docker's long ids as people write them; names as they are. */
function short(id: string): string {
  return /^[0-9a-f]{64}$/.test(id) ? id.slice(0, 12) : id;
}

function unlessStatus(status: number): (error: Error & { statusCode?: number }) => void {
  return (error) => {
    if (error.statusCode !== status) throw error;
  };
}
