// Clocks that can be set under a running process: libfaketime between it and the system. The machine's own clock is left alone.
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const LIBRARIES = '/usr/lib';

/** Where the library is; undefined where it is not installed. */
function library() {
  const inFolder = (folder) => join(LIBRARIES, folder, 'faketime/libfaketime.so.1');
  return readdirSync(LIBRARIES).map(inFolder).find(existsSync);
}

/** Clocks of processes, by name, each in a file under `dir`. */
export class Clocks {
  #library = library();

  constructor(dir) {
    this.dir = dir;
  }

  get available() {
    return this.#library !== undefined;
  }

  /** What a process has to find in its environment for {@link step} to reach it. The clock that nobody sets stays true. */
  environment(name) {
    if (!this.#library) return {};
    this.step(name, 0);
    return {
      ...{ LD_PRELOAD: this.#library, FAKETIME_TIMESTAMP_FILE: this.#file(name) },
      ...{ FAKETIME_NO_CACHE: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1', DONT_FAKE_MONOTONIC: '1' },
    };
  }

  /** Sets a clock `seconds` off the true time. */
  step(name, seconds) {
    writeFileSync(this.#file(name), `${seconds < 0 ? '' : '+'}${seconds}`);
  }

  #file = (name) => join(this.dir, `clock-${name}`);
}
