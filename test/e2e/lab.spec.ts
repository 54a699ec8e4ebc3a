// The lab that the tests of many hosts stand on.
import { existsSync, readFileSync } from 'node:fs';
import { jest } from '@jest/globals';
import { BUSYBOX_IMAGE } from '@tutti/testing';
import { startLab, type Lab } from '../lab/index.js';
import { run } from '../lab/shell.js';
import { hasWeights } from '../lab/weights.js';

jest.setTimeout(120_000);

let lab: Lab;
beforeAll(async () => {
  lab = await startLab({ hosts: 2, engineWeight: 10 });
});
afterAll(() => lab?.stop());

const reaches = (ip: string): Promise<boolean> =>
  lab
    .host('h1')
    .exec('timeout', '2', 'busybox', 'ping', '-c', '1', '-W', '1', ip)
    .then(
      () => true,
      () => false,
    );

test('hosts have an engine each, and reach one another until one is cut off', async () => {
  const [h1, h2] = [lab.host('h1'), lab.host('h2')];
  const container = await h2.docker.createContainer({ Image: BUSYBOX_IMAGE, Cmd: ['sleep', '600'] });
  await container.start();
  expect(await h1.docker.listContainers()).toEqual([]);
  expect(await reaches(h2.ip)).toBe(true);
  await h2.cut();
  expect(await reaches(h2.ip)).toBe(false);
  expect(await h2.docker.listContainers()).toHaveLength(1);
  await h2.mend();
  expect(await reaches(h2.ip)).toBe(true);
});

(hasWeights ? test : test.skip)('a container weighs as much as all that its engine does ten times over', async () => {
  const container = await lab.host('h2').docker.createContainer({ Image: BUSYBOX_IMAGE, Cmd: ['sleep', '600'] });
  await container.start();
  const { State } = await container.inspect();
  const sharesOf = (group: string): number => Number(readFileSync(`/sys/fs/cgroup/cpu/${group}/cpu.shares`, 'utf8'));
  const [, group] = /:cpu:\/(.+)/.exec(readFileSync(`/proc/${State.Pid}/cgroup`, 'utf8')) ?? [];
  expect(group).toBe(`tutti-lab-${lab.number}/${container.id}`);
  expect(sharesOf(group ?? '') / sharesOf(`tutti-lab-${lab.number}/engine-h2`)).toBeCloseTo(10, 0);
});

test('an engine can be killed and comes back', async () => {
  const h2 = lab.host('h2');
  await h2.killEngine();
  await expect(h2.docker.ping()).rejects.toThrow();
  await h2.startEngine();
  expect(String(await h2.docker.ping())).toBe('OK');
});

test('an unknown host is an error that names those that there are', () => {
  expect(() => lab.host('h9')).toThrow('there is no host h9: there are h1, h2');
});

test('stopping leaves nothing', async () => {
  await lab.stop();
  expect(existsSync(lab.dir)).toBe(false);
  expect(existsSync(`/sys/fs/cgroup/cpu/tutti-lab-${lab.number}`)).toBe(false);
  const links = await run('ip', '-brief', 'link');
  expect(links).not.toContain(`tl${lab.number}`);
  expect(await run('ip', 'netns', 'list')).not.toContain(`tl${lab.number}-`);
});
