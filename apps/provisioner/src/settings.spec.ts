import { agentOptionsFromEnv } from './settings.js';

describe('the engine that an agent is told', () => {
  const engineOf = (env: NodeJS.ProcessEnv) => agentOptionsFromEnv({ TUTTI_NODE: 'here', ...env }).engine;

  it('is Docker, or plain processes in a folder', () => {
    expect(engineOf({})).toEqual({ kind: 'docker' });
    expect(engineOf({ DOCKER_HOST: 'tcp://a' })).toEqual({ kind: 'docker', host: 'tcp://a' });
    const told = { TUTTI_ENGINE: 'process', TUTTI_ENGINE_ROOT: '/var/p' };
    expect(engineOf(told)).toEqual({ kind: 'process', root: '/var/p' });
  });

  it('is decided before: an agent that chose anew at each start would leave containers alone', () => {
    expect(() => engineOf({ TUTTI_ENGINE: 'auto' })).toThrow(
      'TUTTI_ENGINE is "auto": an agent takes docker or process',
    );
  });
});
