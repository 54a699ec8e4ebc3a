/** A server as HAProxy shows it. */
export interface ServerState {
  backend: string;
  name: string;
  address: string;
  port: number;
  weight: number;
  state: 'ready' | 'drain' | 'maint';
}

/** Bits of `srv_admin_state`: set by command. That a server was off in the file stays marked there, and means nothing. */
const MAINT = 1;
const DRAIN = 8;

/** Reads `show servers state`. */
export function readServers(text: string): ServerState[] {
  return text
    .split('\n')
    .map((line) => line.trim().split(' '))
    .filter((words) => words.length >= 19 && /^\d+$/.test(words[0] ?? ''))
    .map((words) => ({
      backend: words[1] ?? '',
      name: words[3] ?? '',
      address: words[4] ?? '',
      port: Number(words[18]),
      weight: Number(words[7]),
      state: stateOf(Number(words[6])),
    }));
}

function stateOf(admin: number): ServerState['state'] {
  if (admin & MAINT) return 'maint';
  return admin & DRAIN ? 'drain' : 'ready';
}

/** What is under way to a server: connections, or requests, and those that wait for it. */
export interface Sessions {
  backend: string;
  name: string;
  sessions: number;
}

/** Reads `show stat`: proxy name, server name, queued, …, current. */
export function readSessions(text: string): Sessions[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(','))
    .filter((fields) => fields.length > 5)
    .map((fields) => ({
      backend: fields[0] ?? '',
      name: fields[1] ?? '',
      sessions: Number(fields[2] || 0) + Number(fields[4] || 0),
    }));
}

/** The processes of HAProxy: who takes connections in now, and who still serves old ones. */
export interface Processes {
  current: number[];
  old: number[];
  /** Reloads that failed since the last that did not. */
  failed: number;
}

/** Reads `show proc` of the master. */
export function readProcesses(text: string): Processes {
  const found: Processes = { current: [], old: [], failed: Number(/\[failed: (\d+)\]/.exec(text)?.[1] ?? 0) };
  let section: 'current' | 'old' | undefined;
  for (const line of text.split('\n')) {
    if (line.startsWith('# workers')) section = 'current';
    else if (line.startsWith('# old workers')) section = 'old';
    else if (line.startsWith('#')) section = undefined;
    const pid = /^(\d+)\s+worker\b/.exec(line)?.[1];
    if (pid !== undefined && section) found[section].push(Number(pid));
  }
  return found;
}

/** Reads the names of front ends in `show stat`. */
export function readFronts(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.split(','))
    .flatMap(([name, kind]) => (kind === 'FRONTEND' && name !== undefined ? [name] : []));
}

/** A line of `show stat`, by the names in its head. */
export type Row = ReadonlyMap<string, string>;

/** Reads `show stat`, which may have been asked for several times, among other answers. */
export function readRows(text: string): Row[] {
  const lines = text.split('\n').filter((line) => line.includes(','));
  const names = (lines.find((line) => line.startsWith('# '))?.slice(2) ?? '').split(',');
  return lines
    .filter((line) => !line.startsWith('#'))
    .map((line): Row => new Map(line.split(',').map((value, index) => [names[index] ?? '', value])));
}

/** Reads the numbers of a line; what is not there is 0. */
export const countIn =
  (row: Row) =>
  (name: string): number =>
    Number(row.get(name)) || 0;
