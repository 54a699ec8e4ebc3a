import { messageOf, TuttiError, type TaskElement } from '@tutti/model';
import type { Context } from '../client/context-file.js';
import { Gateway } from '../client/http.js';
import { readProject } from '../client/project.js';
import { faultLine } from '../core/plan-lines.js';
import { print, say } from '../terminal/output.js';
import { deploy } from '../verbs/deploy.js';

const TIMEOUT_MS = 300_000;

/** Deploys what `up --deploy` names, and says where to look. What goes wrong with it leaves the control plane up. */
export async function deployExample(context: Context, { file, app }: { file: string; app?: string }): Promise<void> {
  try {
    const project = readProject({ files: [file], envFiles: [], ...(app !== undefined && { app }) });
    say(`Deploying ${project.app}…`);
    await deploy(project, { ...context, timeout: TIMEOUT_MS });
    print('', ...(await whereToLook(context, project.app)));
  } catch (error) {
    say(messageOf(error), ...(error instanceof TuttiError ? error.faults.map((fault) => `  ${faultLine(fault)}`) : []));
  }
  // The exit code is the control plane's own.
  process.exitCode = 0;
}

async function whereToLook(context: Context, app: string): Promise<string[]> {
  const gateway = Gateway.from(context);
  const tasks = await gateway.get<TaskElement[]>('/v1/tasks', { namespace: 'default', app });
  const ports = tasks.flatMap((task) => task.ports.filter(({ protocol }) => protocol === 'tcp'));
  // What listens on one address only is meant for neighbours, if there is anything else.
  const open = ports.filter(({ hostIp }) => hostIp === undefined);
  const urls = [...new Set((open.length > 0 ? open : ports).map(({ host }) => host))]
    .sort((a, b) => a - b)
    .map((p) => `http://127.0.0.1:${p}`);
  return [
    ...(urls.length > 0 ? [`${app} answers at ${urls.join(' ')}`] : []),
    'Look around:  ./tutti ps · ./tutti status · ./tutti logs -f ' + app,
    'Break it:     kill -9 a container, then ./tutti incidents',
    `API:          ${context.endpoint}/docs`,
  ];
}
