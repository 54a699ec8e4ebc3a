import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { startHybrid, type RunningService, type ServiceOptions } from '@tutti/bus';
export type { Entrance } from './join/entrance.js';
import { GatewayModule } from './gateway.module.js';
import { Docs } from './http/docs.js';
import { ProblemFilter } from './http/problem.filter.js';
import { readEntrance } from './join/entrance.js';
import { createAdapter } from './http/server.js';
import { validationPipe } from './http/validation.js';

export interface GatewayOptions extends ServiceOptions {
  /** TCP port; 0 is any free one. */
  port: number;
  /** Address to listen on; loopback unless told otherwise. */
  host?: string;
  /** Whoever shows it may do everything. */
  token: string;
  /** File that says how nodes are let in; absent: none can join here. */
  joinFile?: string;
}

/**
 * Starts the gateway.
 * @returns with the address that it listens on, such as `http://127.0.0.1:8080`
 * @throws TuttiError when the bus cannot be reached; Error when the port is taken
 */
export async function start(options: GatewayOptions): Promise<RunningService & { url: string }> {
  const { port, host = '127.0.0.1', token, joinFile } = options;
  let url = '';
  const running = await startHybrid<NestFastifyApplication>(
    GatewayModule.with(joinFile === undefined ? undefined : readEntrance(joinFile)),
    { ...options, description: 'Commands and questions over HTTP' },
    {
      create: async (root, nest) => {
        const app = await NestFactory.create<NestFastifyApplication>(root, createAdapter(token), {
          ...nest,
          bodyParser: false,
        });
        app.useGlobalFilters(new ProblemFilter());
        app.useGlobalPipes(validationPipe());
        app.get(Docs, { strict: false }).describe(app);
        return app;
      },
      open: async (app) => {
        await app.listen(port, host);
        url = urlOf(app.getHttpServer().address() as AddressInfo);
      },
    },
  );
  return { ...running, url };
}

function urlOf({ address, family, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
