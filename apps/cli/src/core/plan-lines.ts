import type { Fault, OutlineStep, PlanAnswer } from '@tutti/model';
import type { Paint, Tone } from './style.js';
import { table, type Column } from './table.js';

type Step = Omit<OutlineStep, 'action' | 'wave'> & {
  wave?: number;
  action: OutlineStep['action'] | 'pending';
};

const TONES: Record<Step['action'], Tone> = { create: 'good', replace: 'busy', remove: 'bad', pending: 'plain' };

const COLUMNS: Column<Step>[] = [
  { header: 'WAVE', value: ({ wave }) => wave, align: 'right' },
  { header: 'ACTION', value: ({ action }) => action, tone: ({ action }) => TONES[action] },
  { header: 'SERVICE', value: ({ service }) => service },
  { header: 'SLOT', value: ({ slot }) => slot, align: 'right' },
  { header: 'NODE', value: ({ node }) => node },
  { header: 'TASK', value: ({ task }) => task },
  { header: 'ORDER', value: ({ order }) => order },
  { header: 'REASON', value: ({ reason }) => reason },
];

/** What a deploy would do: steps, slots without a place, keys not honoured, findings of policy, and a sum. */
export function planLines(plan: PlanAnswer, paint: Paint): string[] {
  const pending: Step[] = plan.pending.map((slot) => ({ action: 'pending', ...slot }));
  const steps = [...plan.steps, ...pending];
  return [
    ...(steps.length > 0 ? [...table(COLUMNS, steps, paint), ''] : []),
    ...plan.ignored.map((fault) => `ignored: ${faultLine(fault)}`),
    ...plan.findings.map((fault) => `finding: ${faultLine(fault)}`),
    summary(plan),
    ...(isIdle(plan) ? [] : [`Deploy just this: tutti deploy --plan ${plan.plan}, with the same files`]),
  ];
}

/** Whether a deploy would do nothing at all. */
export const isIdle = ({ unchanged, steps, pending }: PlanAnswer): boolean =>
  unchanged && steps.length === 0 && pending.length === 0;

function summary({ app, revision, unchanged, steps, pending }: PlanAnswer): string {
  const counts = ['create', 'replace', 'remove']
    .map((action) => [action, steps.filter((step) => step.action === action).length] as const)
    .filter(([, count]) => count > 0)
    .map(([action, count]) => `${count} to ${action}`);
  if (pending.length > 0) counts.push(`${pending.length} without a place`);
  if (unchanged && counts.length === 0) return `${app}: nothing to do`;
  return `${app}: ${counts.length > 0 ? counts.join(', ') : 'no task changes'}${unchanged ? '' : ` (revision ${revision})`}`;
}

/** `services.web.ports[0]: …`, or the message alone where it has no place. */
export function faultLine({ path, message }: Fault): string {
  return path ? `${path}: ${message}` : message;
}
