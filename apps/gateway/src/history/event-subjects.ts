import { subjects } from '@tutti/bus';

interface Filter {
  namespace?: string | undefined;
  app?: string | undefined;
  type?: string | undefined;
  resource?: string | undefined;
}

/** Resources of the history whose subject ends with the application. */
const OF_APP = ['app', 'rollout'];

/** The subjects under which what is asked for stands in the history, so that the server sorts out most of it. */
export function eventSubjects({ namespace, app, type, resource = resourceOf(type) }: Filter): string[] {
  if (app === undefined) return [subjects.events(namespace, resource === undefined ? '>' : `${resource}.>`)];
  const rest = resource ?? '*';
  // An application's own events end with its name; those of its parts go on.
  const exact = rest === '*' || OF_APP.includes(rest) ? [subjects.events(namespace, `${rest}.${app}`)] : [];
  return [...exact, subjects.events(namespace, `${rest}.${app}.>`)];
}

function resourceOf(type: string | undefined): string | undefined {
  return type?.split('.').at(-2);
}
