import { hasCode, pinned, type ContainerState } from '@tutti/engine';
import { ORPHAN_GRACE_MS } from '@tutti/model';
import { containerConfig, withResolvers } from '../core/container-config.js';
import { EVIDENCE_LINES, evidenceOf } from '../core/evidence.js';
import { LABEL } from '../core/labels.js';
import type { Life } from '../core/life.js';
import { portsToListen } from '../core/listening.js';
import type { Action } from '../core/steps.js';
import { hostResolvers } from '../networks/resolvers.js';
import { hook, prepareStop } from './hook-steps.js';
import { untilListening } from './listening.js';
import type { StepContext } from './step-context.js';

/** A timer for longer would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

type Executors = { [A in Action]: (context: StepContext) => Promise<void> };

/** How each step is done. A step that fails throws; what it did it tells as facts. */
export const EXECUTORS: Executors = {
  load,
  pull,
  create,
  start,
  hook,
  look,
  knock,
  collect,
  stop,
  fence,
  remove,
  conclude,
  forget,
};

async function load({ kit, life, learn, signal }: StepContext): Promise<void> {
  const { desired, container } = life();
  if (!desired) return;
  const plan = await Promise.race([kit.revisions.planOf(desired), aborted(signal)]);
  // Read ahead, so that what is missing is known before an image is fetched; a container that is there has its files.
  if (!container) await Promise.race([kit.contents.filesOf(desired, plan), aborted(signal)]);
  learn({ type: 'loaded', plan });
}

async function pull({ kit, life, learn, signal }: StepContext): Promise<void> {
  const { plan } = life();
  if (!plan) return;
  const isHere = life().image === 'assumed' && (await kit.engine.findImage(plan.service.image)) !== undefined;
  if (isHere) return learn({ type: 'pulled' });
  learn({ type: 'preparing', message: `fetching the image ${plan.service.image}` });
  learn({ type: 'pulled', digest: await kit.images.bring(plan.service, signal) });
}

async function create(context: StepContext): Promise<void> {
  const { kit, life, learn } = context;
  const { desired, plan } = life();
  if (!desired || !plan) return;
  const { image } = plan.service;
  const [digest, files, resolvers] = await Promise.all([
    life().digest ?? kit.images.digestHere(image),
    kit.contents.filesOf(desired, plan),
    kit.shared.ensure(desired, plan),
  ]);
  await kit.makes.run(async () => {
    if (!context.isStillNext('create')) return;
    try {
      const config = withResolvers(containerConfig(desired, plan, kit.owner), resolvers, hostResolvers());
      const { id } = await kit.engine.create({ ...config, files, image: digest ? pinned(image, digest) : image });
      learn({ type: 'created', id, digest });
    } catch (error) {
      const left = hasCode(error, 'conflict') ? await leftover(context) : undefined;
      if (!left) throw error;
      learn({ type: 'found', id: left.id });
    }
  });
}

/** A container under this task's name: made by a call whose answer was lost. */
async function leftover({ kit, life }: StepContext): Promise<ContainerState | undefined> {
  const { desired, plan, ref } = life();
  if (!desired || !plan) return undefined;
  const found = await kit.engine.inspect(containerConfig(desired, plan, kit.owner).name);
  return found?.labels[LABEL.task] === ref.task ? found : undefined;
}

async function start(context: StepContext): Promise<void> {
  const { kit, life, learn } = context;
  const { ref, restarts } = life();
  // A crashed container goes ahead of new ones: somebody misses it.
  await kit.makes.run(
    async () => {
      const { container } = life();
      if (!container || !context.isStillNext('start')) return;
      learn({ type: 'starting' });
      try {
        await kit.engine.start(container.id);
      } catch (error) {
        if (hasCode(error, 'no-such-network')) kit.shared.doubt(ref);
        throw error;
      }
      learn({ type: 'started' });
    },
    { urgent: restarts > 0 },
  );
}

async function look({ kit, life, learn }: StepContext): Promise<void> {
  const { container, ref, desired } = life();
  if (!container) return;
  learn({ type: 'looking' });
  learn({ type: 'looked', seen: await kit.engine.inspect(container.id) });
  if (desired) kit.logs.follow({ ...ref, slot: desired.slot }, container.id);
}

/** Goes on beside the other steps: what listens late may be asked to go before. */
function knock({ life, learn, signal }: StepContext): Promise<void> {
  const { plan, listening, addresses } = life();
  const [address] = Object.values(addresses);
  learn({ type: 'knocking' });
  if (plan && listening && address !== undefined) {
    const { run } = listening;
    void untilListening(address, portsToListen(plan), signal).then(() => learn({ type: 'listens', run }));
  }
  return Promise.resolve();
}

/** Goes on beside the other steps: evidence must never hold up healing. */
function collect({ kit, life, learn }: StepContext): Promise<void> {
  const { container, lastExit } = life();
  learn({ type: 'collecting' });
  if (container && lastExit) {
    const tail = kit.engine.tailLogs(container.id, 2 * EVIDENCE_LINES).catch(() => []);
    void tail.then((lines) => learn({ type: 'evidence', exitAt: lastExit.at, lines: evidenceOf(lines, lastExit.at) }));
  }
  return Promise.resolve();
}

async function stop({ kit, life, learn }: StepContext): Promise<void> {
  const { container, desired } = life();
  if (!container) return;
  const graceMs = desired?.orphaned ? graceOf(life(), ORPHAN_GRACE_MS) : undefined;
  await kit.ends.run(async () => {
    const leftMs = await prepareStop({ kit, life, learn }, graceMs);
    await kit.engine.stop(container.id, leftMs === undefined ? {} : { graceMs: leftMs });
  });
  learn({ type: 'stopped' });
}

/** Not in line with other stops: the cluster counts the seconds until it starts another. */
async function fence({ kit, life, learn }: StepContext): Promise<void> {
  const { container } = life();
  if (!container) return;
  const graceMs = graceOf(life());
  // Engines count graces in whole seconds; what is left of one is not theirs to add.
  const kill = (): void => void kit.engine.kill(container.id).catch(() => undefined);
  const over = graceMs && setTimeout(kill, Math.min(graceMs, LONGEST_TIMER_MS));
  try {
    await kit.engine.stop(container.id, graceMs === undefined ? {} : { graceMs });
  } finally {
    clearTimeout(over);
  }
  learn({ type: 'looking' });
  learn({ type: 'looked', seen: await kit.engine.inspect(container.id) });
}

/** The stop grace, at most `mostMs`; undefined: the container's own. */
function graceOf({ plan }: Life, mostMs = Infinity): number | undefined {
  const graceMs = Math.min(plan?.service.stopGraceMs ?? Infinity, mostMs);
  return Number.isFinite(graceMs) ? graceMs : undefined;
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
  );
}

async function remove({ kit, life, learn }: StepContext): Promise<void> {
  const { container, ref, desired } = life();
  if (!container) return;
  await kit.logs.finish({ ...ref, slot: desired?.slot ?? 0 }, container.id);
  await kit.ends.run(() => kit.engine.remove(container.id, { force: true, volumes: true }));
  if (!kit.isAppHere(ref, ref)) await kit.shared.sweep((app) => kit.isAppHere(app, ref));
  learn({ type: 'removed' });
}

function conclude({ learn }: StepContext): Promise<void> {
  learn({ type: 'concluded' });
  return Promise.resolve();
}

function forget({ kit, life }: StepContext): Promise<void> {
  const { ref } = life();
  kit.reports.forget(ref);
  kit.forgotten(ref);
  return Promise.resolve();
}
