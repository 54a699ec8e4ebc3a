import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

/** A stand-in for a task: answers with its name, `/slow` after a while, `/fail` with 500; `/half` breaks off. */
export interface Stand {
  name: string;
  port: number;
  /** Requests that have come. */
  seen(): number;
  stop(): Promise<void>;
}

export const SLOW_MS = 1500;

export async function startStand(name: string, port = 0): Promise<Stand> {
  let seen = 0;
  const server: Server = createServer((request, response) => {
    seen += 1;
    const { url, headers } = request;
    const [client, proto] = [headers['x-forwarded-for'], headers['x-forwarded-proto']];
    const answer = (): unknown => response.end(JSON.stringify({ name, url, client, proto }));
    if (url === '/slow') setTimeout(answer, SLOW_MS);
    else if (url?.startsWith('/wait/')) setTimeout(answer, Number(url.slice('/wait/'.length)));
    else if (url === '/break') request.socket.destroy();
    else if (url === '/fail') response.writeHead(500).end();
    else if (url === '/half') {
      response.writeHead(200, { 'content-length': '100' }).write('half');
      setTimeout(() => request.socket.destroy(), 20);
    } else request.resume().on('end', answer);
  });
  server.on('upgrade', (_request, socket) => {
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: x\r\n\r\n',
    );
    socket.pipe(socket);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close').catch(() => undefined);
  };
  return { name, port: (server.address() as AddressInfo).port, seen: () => seen, stop };
}
