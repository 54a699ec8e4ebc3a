import { readFileSync } from 'node:fs';
import { TuttiError, type AppElement } from '@tutti/model';
import { Gateway } from '../client/http.js';
import { change } from '../verbs/changing.js';
import { settingsOf, type DataDir } from './data-dir.js';

const TIMEOUT_MS = 120_000;

/** Removes every application of the control plane on this folder, and waits until they are gone. */
export async function removeAllApps(data: DataDir): Promise<void> {
  const { endpoint } = settingsOf(data);
  if (!endpoint) throw new TuttiError('unavailable', `${data.root} does not say where its gateway is`);
  const connection = { endpoint, token: readFileSync(data.token, 'utf8').trim() };
  const apps = await Gateway.from(connection).get<AppElement[]>('/v1/apps');
  for (const { namespace, app } of apps) {
    const command = { method: 'DELETE', path: `/v1/apps/${namespace}/${app}` };
    await change({ ref: { namespace, app }, command, verb: 'removed' }, { ...connection, timeout: TIMEOUT_MS });
  }
}
