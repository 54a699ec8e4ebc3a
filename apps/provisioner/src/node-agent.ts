import type { LoggerService } from '@nestjs/common';
import { filters, keys, list, watch, type Connection } from '@tutti/bus';
import type { ContainerEngine, EngineEvent } from '@tutti/engine';
import { messageOf } from '@tutti/model';
import type { Subscription } from 'rxjs';
import { ownerLabels } from './core/labels.js';
import { makeKit } from './make-kit.js';
import { NodeRegistration } from './node-registration.js';
import type { Settings } from './settings.js';
import { Sampler } from './samples/sampler.js';
import { takeInventory } from './tasks/inventory.js';
import type { Kit } from './tasks/kit.js';
import { TaskBoard } from './tasks/task-board.js';

const CLOSE_MS = 2000;
const INVENTORY_RETRY_MS = 1000;

export interface NodeAgentOptions {
  bus: Connection;
  engine: ContainerEngine;
  settings: Settings;
  logger: LoggerService;
}

/** Binds a node's three sources together: what is wanted (bus), what happens (engine), what is there (inventory). */
export class NodeAgent {
  private readonly kit: Kit;
  private readonly registration: NodeRegistration;
  private readonly sampler: Sampler;
  private readonly subscriptions: Subscription[] = [];
  private board: TaskBoard;
  private tasksKnown = false;
  private connected = false;
  private inventory: Promise<void> | undefined;
  private inventoryWanted = false;
  private closed = false;
  private awayTimer: NodeJS.Timeout | undefined;

  constructor(private readonly options: NodeAgentOptions) {
    const { bus, settings } = options;
    this.kit = makeKit(options, () => this.board);
    this.board = new TaskBoard(this.kit, new Map());
    this.registration = new NodeRegistration(bus, settings);
    this.sampler = new Sampler({
      ...options,
      node: settings.node,
      everyMs: settings.sampleEveryMs,
      running: () => this.board.running(),
      isQuiet: () => this.kit.makes.idle,
    });
  }

  /** @throws TuttiError when the bus does not answer; may be called again then */
  async start(): Promise<void> {
    const { bus, engine, settings, logger } = this.options;
    const statuses = await list(bus, [filters.onNode('status', settings.node)]);
    this.board = new TaskBoard(this.kit, new Map(statuses.map(({ record }) => [keys.task(record), record])));
    const tasks = watch(bus, [filters.onNode('task', settings.node)]).subscribe({
      next: (change) => {
        if (change.type === 'ready') this.onTasksKnown();
        else this.board.wish(change);
      },
      error: (error: unknown) => logger.error(`the tasks of this node cannot be followed: ${messageOf(error)}`),
    });
    const events = engine.events({ labels: ownerLabels(this.kit.owner) }).subscribe((event) => this.onEvent(event));
    this.subscriptions.push(tasks, events);
    this.sampler.start();
  }

  /** Leaves containers running; what was to be reported goes out if the bus is there. */
  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.awayTimer);
    for (const subscription of this.subscriptions) subscription.unsubscribe();
    this.sampler.stop();
    this.board.close();
    this.registration.lapse();
    await Promise.all([this.kit.reports.close(CLOSE_MS), this.kit.logs.close()]);
    // An engine that was handed in belongs to whoever made it.
    if (!('events' in this.options.settings.engine)) await this.options.engine.close();
  }

  private onTasksKnown(): void {
    this.tasksKnown = true;
    this.board.complete();
    this.lookOver();
  }

  private onEvent(event: EngineEvent): void {
    switch (event.type) {
      case 'connected':
        this.connected = true;
        clearTimeout(this.awayTimer);
        return this.lookOver();
      case 'disconnected':
        this.connected = false;
        this.options.logger.warn(`the container engine is away: ${event.reason}`);
        clearTimeout(this.awayTimer);
        this.awayTimer = setTimeout(() => this.registration.letGo(), this.options.settings.engineAwayMs).unref();
        return;
      default:
        return this.board.happened(event);
    }
  }

  /** One look at a time; one that was asked for meanwhile comes after. */
  private lookOver(): void {
    this.inventoryWanted = true;
    this.inventory ??= this.keepLooking().finally(() => (this.inventory = undefined));
  }

  private async keepLooking(): Promise<void> {
    const { engine, logger } = this.options;
    const { owner, shared } = this.kit;
    while (this.inventoryWanted && this.connected && !this.closed) {
      this.inventoryWanted = false;
      try {
        await this.registration.announce(engine);
        this.registration.hold();
        if (!this.tasksKnown) return;
        await takeInventory({ engine, owner, board: this.board, shared, logger });
        this.board.begin();
      } catch (error) {
        logger.warn(`the node is looked over again: ${messageOf(error)}`);
        this.inventoryWanted = true;
        await new Promise((resolve) => setTimeout(resolve, INVENTORY_RETRY_MS).unref());
      }
    }
  }
}
