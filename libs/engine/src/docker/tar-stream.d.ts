/** What of the library is used here. */
declare module 'tar-stream' {
  import type { Readable } from 'node:stream';

  interface Entry {
    name: string;
    uid?: number;
    gid?: number;
    mode?: number;
  }

  interface Pack extends Readable {
    entry(entry: Entry, content: string): void;
    finalize(): void;
  }

  export function pack(): Pack;
}
