import { TuttiError } from '@tutti/model';
import { NOTHING, type VirtualDesk } from '../virtual/desk.js';
import { mapLines, mapText, readMap, VIRTUAL_MAPS, virtualFrontName, type VirtualMaps } from './core/virtual.js';
import type { Haproxy } from './haproxy/haproxy.js';
import { listenable } from './listenable.js';

const FIRST_PORT = 15_001;
/** Several nodes may be on one host. */
const PORTS = 100;

const EMPTY: VirtualMaps = { sources: new Map(), virtual: new Map(), ports: new Map() };

/** Keeps the maps by which HAProxy serves virtual addresses, and says which it does. */
export class VirtualFront {
  private held: VirtualMaps = EMPTY;

  constructor(
    private readonly haproxy: Haproxy,
    private readonly desk: VirtualDesk | undefined,
  ) {}

  /** The port that HAProxy has already, or the first one that is free. */
  async port(held: ReadonlySet<string>): Promise<number | undefined> {
    const ports = Array.from({ length: PORTS }, (_, index) => FIRST_PORT + index);
    const own = ports.find((port) => held.has(virtualFrontName(port)));
    if (own !== undefined) return own;
    for (const port of ports) {
      const { good } = await listenable([{ name: virtualFrontName(port), port }], () => false);
      if (good.length > 0) return port;
    }
    return undefined;
  }

  /** A process has begun with these. */
  begin(maps: VirtualMaps): void {
    this.held = maps;
  }

  /** Learns what a process has that was there before this agent. */
  async learn(pid: number): Promise<void> {
    const answers = await Promise.all(
      VIRTUAL_MAPS.map(async (name) => [name, readMap(await this.show(pid, name))] as const),
    );
    this.held = Object.fromEntries(answers) as unknown as VirtualMaps;
  }

  /**
   * Has a process know just these.
   * @throws TuttiError where it does not do as it is told
   */
  async apply(pid: number, maps: VirtualMaps): Promise<void> {
    for (const name of VIRTUAL_MAPS) {
      const lines = mapLines(this.haproxy.mapFile(name), this.held[name], maps[name]);
      if (lines.length === 0) continue;
      await this.haproxy.socket.tell(pid, lines);
      const shown = readMap(await this.show(pid, name));
      if (mapLines('', shown, maps[name]).length > 0)
        throw new TuttiError('unavailable', `process ${pid} of HAProxy does not have its map ${name} as it was told`);
    }
    this.held = maps;
  }

  /** Says what is served. @param port undefined: nothing is */
  tell(port: number | undefined): void {
    this.desk?.serve(port === undefined ? NOTHING : { port, places: new Set(this.held.virtual.keys()) });
  }

  private show(pid: number, name: keyof VirtualMaps): Promise<string> {
    return this.haproxy.socket.tell(pid, [`show map ${this.haproxy.mapFile(name)}`]);
  }
}

/** The content of the files that a process begins with. */
export const virtualTexts = (maps: VirtualMaps): Record<keyof VirtualMaps, string> => ({
  sources: mapText(maps.sources),
  virtual: mapText(maps.virtual),
  ports: mapText(maps.ports),
});
