/** What the file says beside the layout. */
export interface Host {
  threads: number;
  /** Of the front end for rules. */
  httpPort: number;
  /** Of the one for rules where TLS ends. */
  httpsPort: number;
  /** Whether this host speaks IPv6 at all. */
  hasIpv6: boolean;
  /** File of the map of rules. */
  map: string;
  /** File of the map of those where TLS ends. */
  secureMap: string;
  /** File that says which certificate goes with which host. */
  certificateList: string;
  /** Keeps the certificates. */
  certificates: string;
  /** File of a map that is empty; a process that has been replaced is told over its command line that it is. */
  stale: string;
  /** Keeps sockets over which a process that has been replaced hands requests on to the one that replaced it. */
  folder: string;
  /** Of the socket over which a new process takes the old one's listeners. */
  socket: string;
  /** Whom HAProxy is once it listens; absent: who started it. */
  user?: { uid: number; gid: number };
  /** Told by `show info`, so that whoever finds a process that runs knows what it runs. */
  description: string;
}
