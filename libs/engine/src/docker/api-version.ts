import { EngineError } from '../port/errors.js';

/** Docker 20.10; one-shot stats came with it. */
const FLOOR = 41;
/** The newest whose behaviour this driver knows. Engines from Docker 29 on speak nothing older. */
const CEILING = 44;

/** The parts of Docker's answer that we read. */
export interface RawVersion {
  Version: string;
  ApiVersion: string;
  MinAPIVersion?: string;
}

export interface EngineVersion {
  version: string;
  apiVersion: string;
  /** Leads every request's path, so that a newer engine behaves as we know it. */
  path: string;
}

/**
 * Chooses the API version to speak.
 * @throws EngineError `bad-config` where there is none in common
 */
export function negotiate(engine: RawVersion): EngineVersion {
  const newest = minor(engine.ApiVersion);
  const oldest = minor(engine.MinAPIVersion ?? engine.ApiVersion);
  if (newest < FLOOR) {
    throw tooOther(
      engine.Version,
      `speaks API ${engine.ApiVersion}, at least 1.${FLOOR} is needed: update it to 20.10 or newer`,
    );
  }
  if (oldest > CEILING) {
    throw tooOther(
      engine.Version,
      `speaks no API older than ${engine.MinAPIVersion}, 1.${CEILING} is the newest known here`,
    );
  }
  return { version: engine.Version, apiVersion: engine.ApiVersion, path: `v1.${Math.min(newest, CEILING)}` };
}

function minor(version: string): number {
  const [major, minorPart] = version.split('.').map(Number);
  return major === 1 ? (minorPart ?? 0) : Infinity;
}

function tooOther(version: string, why: string): EngineError {
  return new EngineError('bad-config', `Docker Engine ${version} ${why}`);
}
