// @ts-check
// Exits 0 if the Docker Engine answers and is new enough; else says why on standard error, in a few words, and exits 1.
import Docker from 'dockerode';

/** Docker Engine 20.10. */
const API_FLOOR = { major: 1, minor: 41 };
const PATIENCE_MS = 5000;

/** @param {unknown} problem */
function refuse(problem) {
  const text = problem instanceof Error ? problem.message : String(problem);
  console.error(text.replace(/[\s-]+$/, ''));
  process.exit(1);
}

setTimeout(() => refuse(`no answer within ${PATIENCE_MS / 1000} s`), PATIENCE_MS).unref();
try {
  const { ApiVersion, Version } = await new Docker().version();
  const [major = 0, minor = 0] = ApiVersion.split('.').map(Number);
  const isNewEnough = major > API_FLOOR.major || (major === API_FLOOR.major && minor >= API_FLOOR.minor);
  if (!isNewEnough) refuse(`Docker Engine ${Version} is too old, 20.10 is needed`);
  process.exit(0);
} catch (error) {
  refuse(error);
}
