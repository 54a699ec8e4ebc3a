import { SimEngine } from '@tutti/engine';
import type { Harness, Program } from './harness.js';

const program = (labels: Record<string, string>): Program => ({ labels });

/** The sim driver: programs are labels. */
export async function simHarness(): Promise<Harness> {
  const engine = new SimEngine({ images: { 'no-such/image:1': { absent: true, pullError: 'no registry has it' } } });
  return {
    engine,
    can: { images: true, connection: true, files: true },
    image: 'any/image:1',
    absentImage: 'no-such/image:1',
    programs: {
      forever: {},
      stubborn: program({ 'sim.ignores-stop': 'true' }),
      exits: (code, afterMs) => program({ 'sim.exit-after': `${afterMs}ms`, 'sim.exit-code': String(code) }),
      prints: ({ stdout, stderr }) =>
        program({
          'sim.exit-after': '20ms',
          ...(stdout && { 'sim.log': stdout.join('\n') }),
          ...(stderr && { 'sim.log-stderr': stderr.join('\n') }),
        }),
      greedy: program({ 'sim.exit-after': '50ms', 'sim.oom': 'true' }),
      probed: (passes) => program({ 'sim.health': passes ? 'healthy' : 'unhealthy' }),
      impossible: program({ 'sim.start-error': 'bad-config' }),
    },
    probe: () => ['CMD', 'any'],
    cut: () => engine.disconnect(),
    mend: () => engine.reconnect(),
    close: () => engine.close(),
  };
}
