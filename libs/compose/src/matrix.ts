import { writeFileSync } from 'node:fs';
import { supportMatrix } from './core/support-matrix.js';

/** Writes docs/compose.md anew from the tables that the parser reads by. */
writeFileSync(new URL('../../../docs/compose.md', import.meta.url), supportMatrix());
