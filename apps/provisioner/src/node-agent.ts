import type { LoggerService } from '@nestjs/common';
import { filters, keys, list, type Connection, type Key } from '@tutti/bus';
import type { ContainerEngine, EngineEvent } from '@tutti/engine';
import { messageOf } from '@tutti/model';
import type { Subscription } from 'rxjs';
import { ownerLabels } from './core/labels.js';
import { holdsStarts, type Standing } from './core/standing.js';
import { makeKit } from './make-kit.js';
import { Membership } from './membership.js';
import { NodeRegistration } from './node-registration.js';
import type { Settings } from './settings.js';
import { Sampler } from './samples/sampler.js';
import { takeInventory } from './tasks/inventory.js';
import type { Kit } from './tasks/kit.js';
import { TaskBoard } from './tasks/task-board.js';
import { Wishes } from './tasks/wishes.js';

const CLOSE_MS = 2000;
const INVENTORY_RETRY_MS = 1000;

export interface NodeAgentOptions {
  bus: Connection;
  engine: ContainerEngine;
  settings: Settings;
  logger: LoggerService;
}

/**
 * Binds together what bears on a node: what is wanted (bus), what happens (engine), what is there (inventory), and
 * whether the cluster still counts on it (membership).
 */
export class NodeAgent {
  private readonly kit: Kit;
  private readonly registration: NodeRegistration;
  private readonly membership: Membership;
  private readonly wishes: Wishes;
  private readonly sampler: Sampler;
  private events: Subscription | undefined;
  private board: TaskBoard;
  private tasksKnown = false;
  private connected = false;
  private inventory: Promise<void> | undefined;
  private inventoryWanted = false;
  /** Containers that no task wants, and that are being removed. */
  private removing = 0;
  private clearing: NodeJS.Immediate | undefined;
  private closed = false;
  private awayTimer: NodeJS.Timeout | undefined;

  constructor(private readonly options: NodeAgentOptions) {
    const { bus, settings, logger } = options;
    const { node, leaseTtlMs: ttlMs } = settings;
    this.kit = makeKit(options, {
      board: () => this.board,
      checkStanding: () => this.membership.check(),
      learned: () => this.clearSoon(),
    });
    this.board = new TaskBoard(this.kit, new Map());
    this.registration = new NodeRegistration(bus, settings);
    this.membership = new Membership({ ttlMs, changed: (now, before) => this.onStanding(now, before) });
    this.wishes = new Wishes(bus, node, {
      changed: (change) => this.board.wish(change),
      known: (wanted) => this.onTasksKnown(wanted),
      judged: (isDown) => this.membership.take({ type: 'judged', isDown }),
      failed: (error) => logger.error(`the tasks of this node cannot be followed: ${messageOf(error)}`),
    });
    this.sampler = new Sampler({
      ...options,
      node,
      everyMs: settings.sampleEveryMs,
      running: () => this.board.running(),
      isQuiet: () => this.kit.makes.idle,
    });
  }

  /** @throws TuttiError when the bus does not answer; may be called again then */
  async start(): Promise<void> {
    const { bus, engine, settings } = this.options;
    const statuses = await list(bus, [filters.onNode('status', settings.node)]);
    this.board = new TaskBoard(this.kit, new Map(statuses.map(({ record }) => [keys.task(record), record])));
    this.tellBoard(this.membership.standing);
    this.wishes.ask();
    this.events = engine.events({ labels: ownerLabels(this.kit.owner) }).subscribe((event) => this.onEvent(event));
    this.sampler.start();
  }

  /** Leaves containers running; what was to be reported goes out if the bus is there. */
  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.awayTimer);
    this.wishes.close();
    this.membership.close();
    this.events?.unsubscribe();
    this.sampler.stop();
    this.board.close();
    this.kit.networks.close();
    this.registration.lapse();
    await Promise.all([this.kit.reports.close(CLOSE_MS), this.kit.logs.close()]);
    // An engine that was handed in belongs to whoever made it.
    if (!('events' in this.options.settings.engine)) await this.options.engine.close();
  }

  private onTasksKnown(wanted: ReadonlySet<Key<'task'>>): void {
    if (this.tasksKnown) {
      this.board.keepOnly(wanted);
      if (this.board.isOpen) this.answered();
      return;
    }
    this.tasksKnown = true;
    this.board.complete();
    this.lookOver();
  }

  /** What is wanted is known, and what is there. */
  private answered(): void {
    this.membership.take({ type: 'answered', isDown: this.wishes.isDown });
    this.clear();
  }

  /** Not in the turn in which something is learned: all tasks have to hear of one standing before they hear of the next. */
  private clearSoon(): void {
    if (this.membership?.standing.phase !== 'clearing' || this.clearing) return;
    this.clearing = setImmediate(() => {
      this.clearing = undefined;
      this.clear();
    });
  }

  /** Once what was given up has stopped, what is wanted may start. */
  private clear(): void {
    if (this.membership.standing.phase !== 'clearing' || this.removing > 0 || !this.board.isCleared) return;
    this.membership.take({ type: 'cleared' });
  }

  private onStanding(now: Standing, before: Standing): void {
    const { logger } = this.options;
    if (now.phase === 'cut')
      logger.warn('cut off from the bus for as long as the lease lasts: what is fenced is stopped');
    if (before.phase === 'cut') logger.log?.('the bus answers again: looking at what is wanted now');
    this.tellBoard(now);
    if (before.phase === 'cut' && this.tasksKnown) this.wishes.ask();
  }

  private tellBoard(standing: Standing): void {
    this.board.stand({ type: 'standing', holdsStarts: holdsStarts(standing), isCutOff: standing.fenced });
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
        return this.engineAway();
      default:
        return this.board.happened(event);
    }
  }

  /** Gives the lease up in time, unless that would start what cannot be stopped here a second time. */
  private engineAway(): void {
    clearTimeout(this.awayTimer);
    this.awayTimer = setTimeout(() => {
      if (!this.board.mayRunFenced) return this.registration.letGo();
      this.options.logger.warn('the engine stays away, and fenced tasks may run there: the node keeps its tasks');
      return this.engineAway();
    }, this.options.settings.engineAwayMs).unref();
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
        this.registration.hold({
          beforeRenewal: this.membership.check,
          onRenewed: (sentAt) => this.membership.take({ type: 'confirmed', sentAt }),
        });
        if (!this.tasksKnown) return;
        this.waitFor(await takeInventory({ engine, owner, board: this.board, shared, logger }));
        this.board.begin();
        this.answered();
      } catch (error) {
        logger.warn(`the node is looked over again: ${messageOf(error)}`);
        this.inventoryWanted = true;
        await new Promise((resolve) => setTimeout(resolve, INVENTORY_RETRY_MS).unref());
      }
    }
  }

  private waitFor(removals: readonly Promise<void>[]): void {
    this.removing += removals.length;
    for (const removal of removals) {
      void removal.finally(() => {
        this.removing -= 1;
        this.clear();
      });
    }
  }
}
