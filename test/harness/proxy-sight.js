// A node's HAProxy as an outsider sees it: asked over its own socket, not told by us.
import { connect } from 'node:net';

/** Where it stands in what `show stat` says of a server. */
const FIELD = { backend: 0, status: 17, chosen: 30, address: 73 };
const SERVERS = 4;

/** Looks at the HAProxy behind this socket. */
export class ProxySight {
  constructor(path) {
    this.path = path;
  }

  /** The servers to which it sends now: `{ backend, address, chosen }`, how often each was chosen so far. */
  async open() {
    const text = await this.#ask(`show stat -1 ${SERVERS} -1`);
    return text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => line.split(','))
      .filter((fields) => /^(UP|no check)/.test(fields[FIELD.status] ?? ''))
      .map((fields) => ({
        backend: fields[FIELD.backend],
        address: fields[FIELD.address],
        chosen: Number(fields[FIELD.chosen]),
      }));
  }

  #ask(line) {
    return new Promise((resolve, reject) => {
      const socket = connect(this.path);
      let text = '';
      socket.setEncoding('utf8').on('data', (piece) => (text += piece));
      socket.on('end', () => resolve(text)).on('error', reject);
      socket.write(`${line}\n`);
    });
  }
}
