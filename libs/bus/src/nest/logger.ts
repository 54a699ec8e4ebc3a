import { ConsoleLogger, type LoggerService, type LogLevel } from '@nestjs/common';

const LEVELS: LogLevel[] = ['fatal', 'error', 'warn', 'log', 'debug', 'verbose'];

/** A service's logger. `TUTTI_LOG` sets the level: fatal, error, warn (default), log, debug or verbose. */
export function createLogger(service: string, level = process.env.TUTTI_LOG ?? 'warn'): LoggerService {
  const upTo = Math.max(0, LEVELS.indexOf(level as LogLevel));
  return new ConsoleLogger(service, {
    logLevels: LEVELS.slice(0, upTo + 1),
    prefix: 'tutti',
    colors: Boolean(process.stderr.isTTY) && !process.env.NO_COLOR,
  });
}
