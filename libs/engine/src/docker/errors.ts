import { messageOf } from '@tutti/model';
import { EngineError, type EngineErrorCode } from '../port/errors.js';

/** What dockerode's errors carry. */
interface DockerFailure {
  statusCode?: number;
  json?: { message?: string };
  /** Of the socket: `ECONNREFUSED`. */
  code?: string;
}

interface Rule {
  when: RegExp;
  code: EngineErrorCode;
  /** Makes the sentence from the match; absent: the engine's own words. */
  say?: (match: RegExpMatchArray) => string;
  retryable?: boolean;
}

/** dockerd tells many failures by their text alone, often with status 500; the first rule that fits holds. */
const RULES: readonly Rule[] = [
  {
    when: /no such image: ([^\s]+)/i,
    code: 'image-missing',
    say: ([, image]) => `the image ${image} is not on this node and has to be pulled first`,
  },
  {
    when: /bind for \S*?:(\d+) failed: port is already allocated/i,
    code: 'port-taken',
    say: ([, port]) => `port ${port} of the host is taken by another container`,
  },
  {
    when: /listen (?:tcp|udp)\d? \S*?:(\d+): bind: address already in use/i,
    code: 'port-taken',
    say: ([, port]) => `port ${port} of the host is taken by another program`,
  },
  { when: /port is already allocated|address already in use/i, code: 'port-taken' },
  { when: /pool overlaps with other one/i, code: 'subnet-taken' },
  { when: /network \S+ not found|no such network|could not find (?:a )?network/i, code: 'no-such-network' },
  {
    when: /exec: "([^"]+)": (executable file not found in \$PATH|stat .*?: no such file or directory|permission denied|is a directory)/i,
    code: 'bad-config',
    say: ([, command, why]) => `cannot run ${JSON.stringify(command)}: ${why?.replace(/^stat .*?: /, '')}`,
  },
  {
    when: /exec format error/i,
    code: 'bad-config',
    say: () => 'the command is not a program for this processor (exec format error): check the platform of the image',
  },
  {
    when: /Get "?https?:\/\/([^/"]+)\/v2\/.*?(connection refused|no such host|no route to host|network is unreachable|i\/o timeout|request canceled|deadline exceeded|EOF)/i,
    code: 'image-unpullable',
    say: ([, registry, why]) => `the registry ${registry} does not answer, ${why}`,
  },
  {
    when: /no basic auth credentials/i,
    code: 'image-unpullable',
    say: () => 'its registry wants credentials: run docker login on the node, as the user that the agent runs as',
    retryable: false,
  },
  {
    when: /(?:pull access denied|denied|unauthorized|authentication required)/i,
    code: 'image-unpullable',
    retryable: false,
  },
  {
    when: /manifest.*(?:unknown|not found)|repository .* not found|name unknown/i,
    code: 'image-unpullable',
    say: () => 'its registry has no such image, check the name and the tag',
    retryable: false,
  },
  { when: /is already in use by container|is already in progress/i, code: 'conflict' },
  { when: /not a directory.*mount|could not select device driver|no such device|invalid mount/i, code: 'bad-config' },
];

const BY_STATUS: Record<number, EngineErrorCode> = {
  304: 'conflict',
  400: 'bad-config',
  403: 'conflict',
  404: 'not-found',
  406: 'conflict',
  409: 'conflict',
  503: 'unavailable',
};

const SOCKET_ERRORS: Record<string, string> = {
  ENOENT: 'there is no such socket: is dockerd running?',
  ECONNREFUSED: 'nobody listens there: is dockerd running?',
  EACCES: 'this user may not use the socket: add it to the group docker, or run as root',
  ECONNRESET: 'the connection was cut: dockerd may be restarting',
  EPIPE: 'the connection was cut: dockerd may be restarting',
  ENOTFOUND: 'no host of that name',
};

/** What dockerode puts before the engine's words. */
const CLIENT_PREFIX = /^\(HTTP code \d+\) .*? - /;

/** The one place where what Docker says becomes what a caller can tell apart. */
export class ErrorReader {
  constructor(private readonly address: string) {}

  /** @param what the call in words, such as `start web-1` */
  read(error: unknown, what: string): EngineError {
    if (error instanceof EngineError) return error;
    const { statusCode, json, code } = error as DockerFailure;
    if (statusCode === undefined && typeof code === 'string') return this.unreachable(error, what, code);
    const text = (json?.message ?? messageOf(error).replace(CLIENT_PREFIX, '')).trim();
    const known = RULES.map((rule) => ({ rule, match: text.match(rule.when) })).find(({ match }) => match);
    if (known?.match) {
      const { rule, match } = known;
      const message = `cannot ${what}: ${rule.say?.(match) ?? text}`;
      return new EngineError(rule.code, message, { cause: error, retryable: rule.retryable });
    }
    return new EngineError(BY_STATUS[statusCode ?? 0] ?? 'internal', `cannot ${what}: ${text}`, { cause: error });
  }

  private unreachable(error: unknown, what: string, code: string): EngineError {
    const why = SOCKET_ERRORS[code] ?? messageOf(error);
    const message = `cannot ${what}: the Docker Engine at ${this.address} does not answer, ${why}`;
    return new EngineError('unavailable', message, { cause: error });
  }
}
