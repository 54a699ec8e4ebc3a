import { EngineError } from '../port/errors.js';
import type { ImageInfo, ResolvedImage } from '../port/host.js';
import { digestOf, pinned } from '../port/image-name.js';
import type { SimImage } from './behaviour.js';

/** What simulated registries have, and what was pulled from them. An image that no script knows is there. */
export class SimImages {
  private readonly scripts: Map<string, SimImage>;
  private readonly pulled = new Map<string, SimImage>();

  constructor(scripts: Readonly<Record<string, SimImage>>) {
    this.scripts = new Map(Object.entries(scripts));
  }

  publish(name: string, image: SimImage): void {
    this.scripts.set(name, image);
  }

  resolve(image: string): ResolvedImage | undefined {
    const digest = digestOf(image) ?? this.scripts.get(image)?.digest;
    return digest === undefined ? undefined : { digest };
  }

  /** @throws EngineError `image-unpullable` */
  pull(image: string, digest?: string): void {
    const script = this.scripts.get(image);
    if (!script) return;
    if (script.pullError) throw new EngineError('image-unpullable', `cannot pull ${image}: ${script.pullError}`);
    const here = { ...script, absent: false };
    this.pulled.set(image, here);
    if (digest !== undefined) this.pulled.set(pinned(image, digest), here);
  }

  find(image: string): ImageInfo | undefined {
    const { absent, digest } = this.local(image) ?? {};
    if (absent) return undefined;
    return { id: `sim:${image}`, digests: digest === undefined ? [] : [pinned(image, digest)] };
  }

  /** How an image behaves; `absent` where it is not on the node, undefined where no script speaks of it. */
  local(image: string): SimImage | undefined {
    return this.pulled.get(image) ?? this.scripts.get(image) ?? this.ofOtherDigest(image);
  }

  /** A repository whose names are scripted has no more than what was pulled of it. */
  private ofOtherDigest(image: string): SimImage | undefined {
    const digest = digestOf(image);
    const known = digest !== undefined && [...this.scripts.keys()].some((name) => pinned(name, digest) === image);
    return known ? { absent: true } : undefined;
  }
}
