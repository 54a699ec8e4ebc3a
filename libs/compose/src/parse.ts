import { invalid, type ApplicationSpec, type Content, type Fault } from '@tutti/model';
import { application } from './core/application.js';
import { resolveEnvironment } from './core/environment.js';
import { interpolate, type Variables } from './core/interpolate.js';
import { type JsonMap } from './core/json.js';
import { applyProfiles } from './core/profiles.js';
import { Report } from './core/report.js';
import { withContents } from './digest.js';
import { readYaml } from './yaml.js';

export interface ParseOptions {
  /** Variables for interpolation, and for `environment` entries without a value. */
  env?: Variables;
  /** Active profiles; `*` for all. */
  profiles?: readonly string[];
}

export interface ParsedCompose {
  /** The file's top-level `name`. */
  name?: string;
  spec: ApplicationSpec;
  /** What is in the configs and secrets that the spec names by their digests. */
  contents: Content[];
  /** What the file says that has no effect, with the reason. */
  ignored: Fault[];
}

/**
 * An application from one Compose document, every default written out.
 * @throws TuttiError `invalid` with every fault at once, each with its path
 */
export function parseCompose(text: string, { env = {}, profiles = [] }: ParseOptions = {}): ParsedCompose {
  const report = new Report();
  const document = interpolate(readYaml(text).value, env, report) as JsonMap;
  const active = applyProfiles(resolveEnvironment(document, env), profiles, report);
  const found = application(active, report);
  throwFaults(report);
  return { ...found, ...withContents(found.spec, found.contents), ignored: report.ignored.list() };
}

/** Throws what a report found wrong, if anything. */
export function throwFaults(report: Report): void {
  const faults = report.faults.list();
  if (faults.length === 0) return;
  const [{ path, message } = { message: '' }] = faults;
  const first = [path, message].filter(Boolean).join(' ');
  throw invalid(
    faults.length === 1
      ? `The Compose file is refused: ${first}.`
      : `The Compose file has ${faults.length} faults; the first: ${first}.`,
    faults,
  );
}
