import { invalid } from '@tutti/model';
import { OVERLAYS, type Overlay } from './core/ways.js';

/** How this host is joined with the others: TUTTI_OVERLAY. @throws TuttiError `invalid` */
export function overlayFromEnv(env: NodeJS.ProcessEnv = process.env): Overlay {
  const { TUTTI_OVERLAY: text } = env;
  if (!text) return 'routed';
  const overlay = OVERLAYS.find((known) => known === text);
  if (overlay) return overlay;
  throw invalid(`TUTTI_OVERLAY is ${JSON.stringify(text)}: write one of ${OVERLAYS.join(', ')}`);
}
