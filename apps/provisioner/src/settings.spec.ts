import { agentOptionsFromEnv, settingsOf } from './settings.js';

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

describe('the lease that an agent is told', () => {
  const leaseOf = (env: NodeJS.ProcessEnv): number[] => {
    const { leaseTtlMs, leaseEveryMs } = settingsOf(agentOptionsFromEnv({ TUTTI_NODE: 'here', ...env }));
    return [leaseTtlMs, leaseEveryMs];
  };

  it('lasts three seconds and is renewed each second, or three times in its length', () => {
    expect(leaseOf({})).toEqual([3000, 1000]);
    expect(leaseOf({ TUTTI_LEASE: '1500ms' })).toEqual([1500, 500]);
    expect(leaseOf({ TUTTI_LEASE: '1m' })).toEqual([60_000, 1000]);
    expect(leaseOf({ TUTTI_LEASE: '10s', TUTTI_LEASE_EVERY: '4s' })).toEqual([10_000, 4000]);
  });

  it.each<[NodeJS.ProcessEnv, RegExp]>([
    [{ TUTTI_LEASE: 'soon' }, /TUTTI_LEASE is "soon": write a duration such as 3s/],
    [{ TUTTI_LEASE: '900ms' }, /a lease of 900 ms is too short: at least 1s/],
    [{ TUTTI_LEASE_EVERY: '2s' }, /a lease of 3000 ms that is renewed every 2000 ms: renew it every 100ms to 1500ms/],
    [{ TUTTI_LEASE_EVERY: '1ms' }, /renewed every 1 ms/],
  ])('is refused where it cannot be held: %j', (env, reason) => {
    expect(() => leaseOf(env)).toThrow(reason);
  });
});
