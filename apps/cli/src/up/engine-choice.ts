import { DockerEngine, hasProcesses, processRoot } from '@tutti/engine';
import { messageOf, TuttiError } from '@tutti/model';
import type { EngineChoice } from '@tutti/provisioner';
import type { EngineWish } from './engine-wish.js';

const PATIENCE_MS = 5000;

interface Wishes {
  engine?: EngineWish;
  dockerHost?: string;
}

/** The engine, and how a step says it. */
interface Choice {
  engine: EngineChoice;
  words: string;
}

/**
 * Which engine the node works with. Plain processes that run already are looked after, whatever else could be had.
 * @throws TuttiError `conflict` where a Docker Engine is wanted and they would be left alone
 */
export async function chooseEngine(wishes: Wishes, of: { node: string; cluster: string }): Promise<Choice> {
  const root = process.env.TUTTI_ENGINE_ROOT ?? processRoot(of.cluster, of.node);
  const { dockerHost } = wishes;
  const docker: Choice = {
    engine: { kind: 'docker', ...(dockerHost !== undefined && { host: dockerHost }) },
    words: dockerHost ?? process.env.DOCKER_HOST ?? 'at the default socket',
  };
  const plain = (why: string): Choice => ({
    engine: { kind: 'process', root },
    words: `of plain processes, kept in ${root}${why}`,
  });
  if (wishes.engine === 'process') return plain('');
  if (hasProcesses(root)) {
    if (wishes.engine !== 'docker' && dockerHost === undefined) return plain(', as last time');
    throw new TuttiError(
      'conflict',
      `plain processes of this node are kept in ${root}: start with --engine process and remove them first (tutti down --apps)`,
    );
  }
  if (wishes.engine !== 'auto') return docker;
  const problem = await problemOf(dockerHost);
  return problem === undefined ? docker : plain(`, since ${problem}`);
}

/** Why no Docker Engine can be had; undefined where one answers. */
async function problemOf(host: string | undefined): Promise<string | undefined> {
  try {
    const engine = await DockerEngine.connect({ ...(host !== undefined && { host }), timeoutMs: PATIENCE_MS });
    await engine.close();
    return undefined;
  } catch (error) {
    return messageOf(error).replace(/^cannot connect: /, '');
  }
}
