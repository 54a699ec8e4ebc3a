import type { Command } from 'commander';
import { invalid, type PlanAnswer } from '@tutti/model';
import { Gateway } from '../client/http.js';
import type { Project } from '../client/project.js';
import { faultLine } from '../core/plan-lines.js';
import { say } from '../terminal/output.js';
import { change } from './changing.js';
import { examples, namespaceOf, waitingOptions, type WaitingOptions } from './options.js';
import { projectOf, projectOptions, type ProjectOptions } from './project-options.js';

export interface DeployOptions extends WaitingOptions, ProjectOptions {
  strict?: boolean;
  plan?: string;
}

export function define(command: Command): Command {
  projectOptions(command).option('--strict', 'refuse keys that are not honoured');
  command.option('--plan <id>', 'deploy only what `tutti plan` printed under this id: refused if anything has changed');
  command.addHelpText(
    'after',
    '\nExit code: 0 rolled out, 1 refused or invalid, 2 rolled back or not all placed, 3 timed out.',
  );
  return examples(
    waitingOptions(command),
    'tutti deploy',
    'tutti deploy -f compose.yaml -f production.yaml shop',
    'tutti deploy --plan 3f2a91c07b5e',
    'cat compose.yaml | tutti deploy -f - shop --namespace team-a --timeout 10m',
  ).action(act);
}

async function act(app: string | undefined, options: DeployOptions): Promise<void> {
  await deploy(projectOf(app, options), options);
}

/** Deploys a project that was read, and waits. */
export async function deploy(
  project: Project,
  options: WaitingOptions & Pick<DeployOptions, 'strict' | 'plan'>,
): Promise<void> {
  for (const fault of project.warnings) say(`warning: ${faultLine(fault)}`);
  const namespace = namespaceOf(options);
  const { app, compose: body } = project;
  const path = `/v1/apps/${encodeURIComponent(namespace)}/${app}`;
  const sending = { body, type: 'application/yaml' };
  const query = options.plan === undefined ? {} : { query: { plan: options.plan } };
  if (options.strict) await refuseIgnored(Gateway.from(options), `${path}/plan`, sending);
  await change(
    { ref: { namespace, app }, command: { method: 'PUT', path, ...sending, ...query }, verb: 'deployed' },
    options,
  );
}

async function refuseIgnored(gateway: Gateway, path: string, sending: { body: string; type: string }): Promise<void> {
  const { ignored } = await gateway.send<PlanAnswer>('POST', path, sending);
  if (ignored.length > 0) throw invalid('the file has keys that are not honoured, and --strict refuses them', ignored);
}
