/** What a word means, so that a terminal can show it. */
export type Tone = 'good' | 'busy' | 'bad' | 'dim' | 'bold' | 'plain';

const CODES: Record<Exclude<Tone, 'plain'>, number> = { good: 32, busy: 33, bad: 31, dim: 2, bold: 1 };

/** Wraps text in a tone's escape codes; leaves it alone where colours are off. */
export type Paint = (text: string, tone: Tone) => string;

/** @param colours whether the reader is a terminal that wants colours */
export function painter(colours: boolean): Paint {
  return (text, tone) => (colours && tone !== 'plain' ? `\u001b[${CODES[tone]}m${text}\u001b[0m` : text);
}

/** Foreground colours that can be told apart on dark and on light grounds. */
const HUES = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94];

/** Paints a name in a colour of its own, always the same one. */
export function hue(text: string, colours: boolean): string {
  if (!colours) return text;
  const sum = [...text].reduce((total, character) => (total * 31 + character.charCodeAt(0)) % 9973, 7);
  return `\u001b[${HUES[sum % HUES.length]}m${text}\u001b[0m`;
}

const TONES: Record<string, Tone> = {
  running: 'good',
  healthy: 'good',
  ready: 'good',
  done: 'good',
  active: 'good',
  complete: 'good',
  pending: 'busy',
  accepted: 'busy',
  preparing: 'busy',
  starting: 'busy',
  progressing: 'busy',
  draining: 'busy',
  cordoned: 'busy',
  returning: 'busy',
  removing: 'busy',
  'rolling-back': 'bad',
  'rolled-back': 'bad',
  paused: 'bad',
  failed: 'bad',
  rejected: 'bad',
  unhealthy: 'bad',
  orphaned: 'bad',
  down: 'bad',
  missing: 'bad',
  degraded: 'bad',
  stopped: 'dim',
  drained: 'dim',
  removed: 'dim',
};

/** The tone of a state's name. */
export function toneOf(state: string): Tone {
  return TONES[state] ?? 'plain';
}
