import { Option, type Command } from 'commander';
import type { PlanAnswer } from '@tutti/model';
import { Gateway } from '../client/http.js';
import { faultLine, isIdle, planLines } from '../core/plan-lines.js';
import { outPaint, print, say } from '../terminal/output.js';
import { clientOptions, examples, namespaceOf, namespaceOption, type NamespaceOptions } from './options.js';
import { projectOf, projectOptions, type ProjectOptions } from './project-options.js';

/** 1 says that there are changes. */
export const errorExit = 255;

interface Options extends NamespaceOptions, ProjectOptions {
  format: 'table' | 'json';
}

export function define(command: Command): Command {
  projectOptions(command).addOption(
    new Option('--format <format>', 'how to print it').choices(['table', 'json']).default('table'),
  );
  command.addHelpText('after', '\nExit code: 0 nothing to do, 1 changes, 255 error.');
  return examples(
    clientOptions(namespaceOption(command)),
    'tutti plan',
    'tutti plan -f compose.yaml shop && echo nothing to do',
  ).action(act);
}

async function act(named: string | undefined, options: Options): Promise<void> {
  const { app, compose, warnings } = projectOf(named, options);
  for (const fault of warnings) say(`warning: ${faultLine(fault)}`);
  const path = `/v1/apps/${encodeURIComponent(namespaceOf(options))}/${app}/plan`;
  const plan = await Gateway.from(options).send<PlanAnswer>('POST', path, { body: compose, type: 'application/yaml' });
  if (options.format === 'json') print(JSON.stringify(plan, null, 2));
  else print(...planLines(plan, outPaint()));
  process.exitCode = isIdle(plan) ? 0 : 1;
}
