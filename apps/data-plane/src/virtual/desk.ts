/** A network of this host whose containers can be turned to the proxy. */
export interface NearNetwork {
  network: string;
  subnet: string;
}

/** What a node's proxy serves: no port where it serves nothing. */
export interface Served {
  port?: number;
  /** See {@link placeOf}. */
  places: ReadonlySet<string>;
}

export const NOTHING: Served = { places: new Set() };
/** Longer than it takes to look at a host's networks. */
const PATIENCE_MS = 5000;

/** A virtual address on a network. */
export const placeOf = (network: string, address: string): string => `${network}|${address}`;

/**
 * Where the parts of a node that make virtual addresses work meet: the networks are offered, the proxy says what it serves on
 * them, then what containers send there is turned to it, and only then names lead there.
 */
export class VirtualDesk {
  /** Undefined: nobody has looked yet. */
  private near: readonly NearNetwork[] | undefined;
  private words = '';
  /** Undefined: the proxy has not said yet; what an agent before this one has set up stays. */
  private said: Served | undefined;
  private turned: ReadonlySet<string> = new Set();
  private readonly hearers = new Set<() => void>();
  private readonly waiting = new Set<() => void>();

  get networks(): readonly NearNetwork[] {
    return this.near ?? [];
  }

  get served(): Served | undefined {
    return this.said;
  }

  /** Calls back at each change of what is offered or served. @returns ends that */
  onChange(hear: () => void): () => void {
    this.hearers.add(hear);
    return () => void this.hearers.delete(hear);
  }

  offer(networks: readonly NearNetwork[]): void {
    const words = JSON.stringify(networks);
    if (this.near && words === this.words) return;
    this.near = networks;
    this.words = words;
    this.waiting.forEach((go) => go());
    this.tellAll();
  }

  /** Resolves when the networks are known, or it has been waited long enough for that. */
  async offered(): Promise<void> {
    if (this.near) return;
    await new Promise<void>((resolve) => {
      const late = setTimeout(resolve, PATIENCE_MS);
      this.waiting.add(() => (clearTimeout(late), resolve()));
    });
    this.waiting.clear();
  }

  serve(served: Served): void {
    const before = this.said;
    this.said = served;
    if (before?.port !== served.port || !before) this.tellAll();
  }

  /** What containers of these networks send to virtual addresses comes to the proxy. */
  turn(networks: ReadonlySet<string>): void {
    this.turned = networks;
  }

  /** Whether a container on that network that connects to that address comes to the proxy, which serves it. */
  leads(network: string, address: string): boolean {
    return this.turned.has(network) && this.said?.places.has(placeOf(network, address)) === true;
  }

  private tellAll(): void {
    this.hearers.forEach((hear) => hear());
  }
}
