import type { LoggerService } from '@nestjs/common';
import type { ContainerEngine } from '@tutti/engine';
import type { AppRef, TaskRef } from '@tutti/model';
import type { Owner } from '../core/labels.js';
import type { LogShipper } from '../logs/log-shipper.js';
import type { StatusWriter } from '../status-writer.js';
import type { Contents } from './contents.js';
import type { ImagePuller } from './image-puller.js';
import type { Permits } from './permits.js';
import type { Revisions } from './revisions.js';
import type { SharedResources } from './shared-resources.js';

/** What all tasks of a node work with. */
export interface Kit {
  engine: ContainerEngine;
  owner: Owner;
  revisions: Revisions;
  contents: Contents;
  images: ImagePuller;
  shared: SharedResources;
  /** What is to be closed with the agent. */
  networks: { close(): void };
  /** For calls that make the engine work: create and start. */
  makes: Permits;
  /** For stop and remove, which mostly wait. */
  ends: Permits;
  reports: StatusWriter;
  logs: LogShipper;
  logger: LoggerService;
  /** Whether another task of this application is here to stay. */
  isAppHere(app: AppRef, but: TaskRef): boolean;
  /** Finds out, before something is started, whether this process was stopped for too long to know what is wanted. */
  checkStanding(): void;
  /** Something was learned of a task. */
  learned(): void;
  /** The task is gone without a trace. */
  forgotten(task: TaskRef): void;
}
