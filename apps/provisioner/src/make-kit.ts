import type { LoggerService } from '@nestjs/common';
import type { Connection } from '@tutti/bus';
import type { ContainerEngine } from '@tutti/engine';
import { setTimeout as sleep } from 'node:timers/promises';
import { ownerLabels } from './core/labels.js';
import { busSink } from './logs/bus-sink.js';
import { LogShipper } from './logs/log-shipper.js';
import { lastShipped } from './logs/resume.js';
import { Bridges } from './networks/bridges.js';
import { declaredBy } from './networks/declared.js';
import { ownAddress } from './networks/host-networks.js';
import { NodeRange } from './networks/node-range.js';
import { Resolvers } from './networks/resolvers.js';
import type { Settings } from './settings.js';
import { StatusWriter } from './status-writer.js';
import { Contents } from './tasks/contents.js';
import { ImagePuller } from './tasks/image-puller.js';
import type { Kit } from './tasks/kit.js';
import { dockerLogins } from './tasks/docker-logins.js';
import { Permits } from './tasks/permits.js';
import { Revisions } from './tasks/revisions.js';
import { SharedResources } from './tasks/shared-resources.js';
import type { TaskBoard } from './tasks/task-board.js';

/** Stops and removals at once: they wait for graces more than they work. */
const ENDS = 32;
/** Logs are followed at most so much later while containers are being made. */
const LOGS_WAIT_MS = 10_000;

interface KitOptions {
  bus: Connection;
  engine: ContainerEngine;
  settings: Settings;
  logger: LoggerService;
}

type KitHooks = Pick<Kit, 'checkStanding' | 'learned'> & { board: () => TaskBoard };

/** Puts together what the tasks of a node work with. */
export function makeKit({ bus, engine, settings, logger }: KitOptions, hooks: KitHooks): Kit {
  const { board, ...standing } = hooks;
  const owner = { cluster: settings.clusterId, node: settings.node };
  const makes = new Permits(settings.parallelism);
  const range = new NodeRange(bus, settings.node, logger);
  const bridges = new Bridges({
    ...{ bus, engine, logger, node: settings.node },
    address: settings.address ?? ownAddress(),
    labels: ownerLabels(owner),
    range: () => range.get(),
  });
  const quiet = async (): Promise<void> => {
    await Promise.race([makes.whenIdle(), sleep(LOGS_WAIT_MS, undefined, { ref: false })]);
  };
  return {
    engine,
    owner,
    logger,
    makes,
    ends: new Permits(ENDS),
    revisions: new Revisions(bus),
    contents: new Contents(bus),
    images: new ImagePuller({ engine, logger, loginOf: dockerLogins(settings.dockerConfig) }),
    shared: new SharedResources({
      ...{ engine, owner, bridges, logger },
      resolvers: new Resolvers(settings.resolver),
      declared: (of) => declaredBy(bus, of, owner),
    }),
    networks: { close: () => (range.close(), bridges.close()) },
    reports: new StatusWriter(bus, logger),
    logs: new LogShipper({ engine, logger, quiet, sink: busSink(bus), resumeAt: (ref) => lastShipped(bus, ref) }),
    isAppHere: (app, but) => board().isAppHere(app, but),
    ...standing,
    forgotten: (ref) => board().forget(ref),
  };
}
