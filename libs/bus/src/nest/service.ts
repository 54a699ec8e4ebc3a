import 'reflect-metadata';
import {
  Module,
  type DynamicModule,
  type INestApplication,
  type INestMicroservice,
  type LoggerService,
  type Type,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { messageOf } from '@tutti/model';
import { connectBus, type BusOptions, type Connection } from '../connection.js';
import { BusModule } from './bus.module.js';
import { JetStreamServer } from './jetstream.server.js';
import { createLogger } from './logger.js';
import { PassErrorsFilter } from './pass-errors.filter.js';

/** The version that every service announces. */
export const VERSION = '0.1.0';

/** What every service needs to start; each adds its own settings. */
export interface ServiceOptions extends BusOptions {
  logger?: LoggerService;
}

/** How a service presents itself on the bus. */
interface Presentation {
  description: string;
  /** Absent: the name that it connects under. */
  service?: string;
}

export interface RunningService {
  name: string;
  /** Stops taking work, finishes what is under way, then leaves the bus. */
  close(): Promise<void>;
}

@Module({})
class Root {}

/**
 * Starts a service's module as a Nest microservice with a bus connection of its own.
 * @throws TuttiError when the bus cannot be reached
 */
export async function startService(
  module: Type | DynamicModule,
  options: ServiceOptions & Presentation,
): Promise<RunningService> {
  const connection = await connectBus(options);
  try {
    const app = await createMicroservice(connection, module, options);
    await app.listen();
    return { name: options.name, close: () => shutDown(app, connection) };
  } catch (error) {
    await connection.nc.close();
    throw error;
  }
}

/** How Nest is to make an application: with our logger, and errors thrown rather than the process ended. */
export interface CreateOptions {
  logger: LoggerService;
  abortOnError: false;
}

/**
 * Starts a service that is spoken to by other means, too, such as HTTP: `create` makes its Nest application of `root`,
 * and opens it to the world once it is on the bus.
 * @throws TuttiError when the bus cannot be reached
 */
export async function startHybrid<App extends INestApplication>(
  module: Type | DynamicModule,
  options: ServiceOptions & Presentation,
  {
    create,
    open,
  }: { create(root: DynamicModule, options: CreateOptions): Promise<App>; open(app: App): Promise<unknown> },
): Promise<RunningService> {
  const connection = await connectBus(options);
  try {
    const logger = options.logger ?? createLogger(options.service ?? options.name);
    const app = await create(rootOf(connection, module), { logger, abortOnError: false });
    const bus = app.connectMicroservice<MicroserviceOptions>(
      { strategy: strategyOf(connection, options) },
      { deferInitialization: true },
    );
    bus.useGlobalFilters(new PassErrorsFilter());
    await app.startAllMicroservices();
    await open(app);
    return { name: options.name, close: () => shutDown(app, connection) };
  } catch (error) {
    await connection.nc.close();
    throw error;
  }
}

function rootOf(connection: Connection, module: Type | DynamicModule): DynamicModule {
  return { module: Root, imports: [BusModule.with(connection), module] };
}

function strategyOf(
  connection: Connection,
  { name, service = name, description }: ServiceOptions & Presentation,
): JetStreamServer {
  return new JetStreamServer(connection, { service, version: VERSION, description });
}

async function createMicroservice(
  connection: Connection,
  module: Type | DynamicModule,
  options: ServiceOptions & Presentation,
): Promise<INestMicroservice> {
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(rootOf(connection, module), {
    strategy: strategyOf(connection, options),
    logger: options.logger ?? createLogger(options.service ?? options.name),
    abortOnError: false,
  });
  app.useGlobalFilters(new PassErrorsFilter());
  return app;
}

/** How long work under way may take to end. Without a server to say goodbye to, leaving would take for ever. */
const SHUTDOWN_MS = 5000;

async function shutDown(app: { close(): Promise<unknown> }, connection: Connection): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, SHUTDOWN_MS)));
  const left = app.close().then(() => connection.nc.drain());
  await Promise.race([left.catch(() => undefined), late]);
  clearTimeout(timer);
  if (!connection.nc.isClosed()) await connection.nc.close();
}

/** Reads what every service is told by its environment. @param name the service's own name */
export function optionsFromEnv(name: string, env: NodeJS.ProcessEnv = process.env): ServiceOptions {
  const credentials = env.TUTTI_CREDENTIALS;
  return {
    name,
    servers: (env.TUTTI_NATS ?? 'nats://127.0.0.1:4222').split(','),
    timeoutMs: 30_000,
    ...(credentials && { credentials }),
  };
}

/** The body of every `main.ts`: starts, and closes in order on SIGTERM or SIGINT. */
export async function runMain(start: () => Promise<RunningService>): Promise<void> {
  let running: RunningService | undefined;
  const stop = (): void => void Promise.resolve(running?.close()).finally(() => process.exit(0));
  // From the first: as the first process of a container, one that does not listen is not stopped by them.
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  try {
    running = await start();
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exit(1);
  }
}
