import { chmodSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Who is given what: the name of a part of the control plane, to its files' names and contents. */
export type Parcels = Record<string, Record<string, string>>;

/** Its folder is shown to one part only; the group is for an agent that has to run as another user, root. */
const FILE_MODE = 0o440;
const FOLDER_MODE = 0o750;

/** Writes a folder for each part; each file whole or not at all, so that a part that is just starting reads no half. */
export function handOut(out: string, parcels: Parcels): void {
  for (const [part, files] of Object.entries(parcels)) {
    const folder = join(out, part);
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, FOLDER_MODE);
    for (const [name, content] of Object.entries(files)) {
      const path = join(folder, name);
      writeFileSync(`${path}.new`, content);
      chmodSync(`${path}.new`, FILE_MODE);
      renameSync(`${path}.new`, path);
    }
  }
}
