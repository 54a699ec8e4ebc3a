import { TuttiError } from '@tutti/model';
import { connect } from 'node:net';

const PATIENCE_MS = 5000;

/** HAProxy's command line, of its master, which passes on to any of its processes. */
export class MasterSocket {
  constructor(private readonly path: string) {}

  /**
   * Says these lines and resolves with all that was answered.
   * @throws TuttiError `unavailable` where nobody answers
   */
  ask(lines: readonly string[]): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.path);
      let text = '';
      const fail = (reason: string): void => {
        socket.destroy();
        reject(new TuttiError('unavailable', `HAProxy does not answer: ${reason}`));
      };
      socket.setTimeout(PATIENCE_MS, () => fail(`${PATIENCE_MS / 1000} s without a word`));
      socket.on('error', (error) => fail(error.message));
      socket.on('data', (piece: Buffer) => (text += piece.toString()));
      socket.on('end', () => resolve(text));
      socket.end(lines.map((line) => `${line}\n`).join(''));
    });
  }

  /** Says these lines to one of HAProxy's processes. */
  tell(pid: number, lines: readonly string[]): Promise<string> {
    return this.ask(lines.map((line) => `@!${pid} ${line}`));
  }

  /** Calls back once, when the master has ended or has begun anew. */
  onClose(closed: () => void): () => void {
    const socket = connect(this.path);
    socket.on('error', () => undefined);
    socket.on('close', closed);
    socket.resume();
    return () => {
      socket.removeListener('close', closed);
      socket.destroy();
    };
  }
}
