// The platform as people use it: the real command, the real nats-server, the real Docker Engine. One control plane for all
// chapters; each has applications of its own, the last ones take the control plane itself apart.
import { jest } from '@jest/globals';
import { ensureBusyboxImage } from '@tutti/testing';
import { startCluster } from '../harness/cluster.js';
import { observe } from '../harness/docker.js';
import { changing } from './chapters/changing.js';
import { commands } from './chapters/commands.js';
import { contents } from './chapters/contents.js';
import { deploying } from './chapters/deploying.js';
import { garbage } from './chapters/garbage.js';
import { healing } from './chapters/healing.js';
import { surviving } from './chapters/surviving.js';
import { hooks } from './chapters/hooks.js';
import type { Stage } from './chapters/stage.js';

jest.setTimeout(90_000);

describe('tutti', () => {
  const stage = {} as Stage;

  beforeAll(async () => {
    await ensureBusyboxImage();
    stage.observer = await observe();
    stage.cluster = await startCluster();
  });

  afterAll(async () => {
    stage.observer?.close();
    await stage.cluster?.stop();
  });

  describe('deploying', () => deploying(stage));
  describe('changing', () => changing(stage));
  describe('healing', () => healing(stage));
  describe('configs and secrets', () => contents(stage));
  describe('hooks', () => hooks(stage));
  describe('commands', () => commands(stage));

  describe('garbage', () => garbage(stage));
  describe('surviving', () => surviving(stage));
});
