import { once } from 'node:events';
import { createServer } from 'node:net';

/** Whether this process may listen there now. */
export async function canListen(host: string, port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
    server.close();
    await once(server, 'close');
    return true;
  } catch {
    return false;
  }
}
