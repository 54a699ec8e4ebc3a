import { jest } from '@jest/globals';
import { describeEngine } from '../../../../test/conformance/engine/describe-engine.js';
import { dockerHarness } from '../../../../test/conformance/engine/docker.js';

// Containers take a while to come and go, and the machine may be busy.
jest.setTimeout(60_000);

describeEngine('docker', dockerHarness);
