import { parseCompose, serviceDigest, withContents } from '@tutti/compose';
import { TuttiError, type Fault, type Resources } from '@tutti/model';
import { admissionFaults } from '../core/admission.js';
import type { Admitted } from '../core/command.js';
import { fillLimits } from '../core/defaults.js';
import { judgeCertificates } from './certificates.js';
import { decodeSpec, type Decoded } from '../core/spec/decode-spec.js';

/** What a deploy brings along. */
export interface Submitted {
  compose?: string;
  spec?: unknown;
}

/**
 * Reads, completes and judges what somebody wants deployed.
 * @returns the specification as it would run, or every fault in it
 */
export function admit(
  { compose, spec }: Submitted,
  defaults: Resources,
  now = Date.now(),
): Admitted | { faults: Fault[] } {
  if ((compose === undefined) === (spec === undefined)) {
    return { faults: [{ message: 'give either compose, a Compose file, or spec, an application specification' }] };
  }
  const read = compose === undefined ? decodeSpec(spec) : readCompose(compose);
  if (read.faults.length > 0) return { faults: read.faults };
  const { spec: named, contents } = withContents(read.spec, read.contents);
  const certificates = judgeCertificates(named, contents, now);
  const faults = [...admissionFaults(named), ...certificates.faults];
  if (faults.length > 0) return { faults };
  const filled = fillLimits(named, defaults);
  const digests = Object.entries(filled.spec.services).map(([name, service]) => [
    name,
    serviceDigest(service, filled.spec),
  ]);
  const { ignored } = read;
  const findings = [...filled.findings, ...certificates.findings];
  return { ...filled, findings, contents, digests: Object.fromEntries(digests) as Record<string, string>, ignored };
}

function readCompose(text: string): Decoded {
  try {
    const { spec, contents, ignored } = parseCompose(text);
    return { spec, contents, ignored, faults: [] };
  } catch (error) {
    if (!(error instanceof TuttiError) || error.code !== 'invalid') throw error;
    const faults = error.faults.length > 0 ? [...error.faults] : [{ path: 'compose', message: error.message }];
    return { spec: { services: {}, networks: {}, volumes: {} }, contents: [], ignored: [], faults };
  }
}
