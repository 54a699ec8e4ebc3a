import type { Program, Programs } from './harness.js';

const quote = (text: string): string => `'${text}'`;

/** A program that a shell runs. */
export function shell(script: string): Program {
  return { command: ['sh', '-c', script] };
}

export const printing: Programs['prints'] = ({ stdout = [], stderr = [] }) =>
  shell([...stdout.map((line) => `echo ${quote(line)}`), ...stderr.map((line) => `echo ${quote(line)} >&2`)].join(';'));

export const saying: NonNullable<Programs['says']> = (text, code) => ['sh', '-c', `echo "${text}"; exit ${code}`];
