import { ConsoleLogger, type LoggerService, type LogLevel } from '@nestjs/common';

const LEVELS: LogLevel[] = ['fatal', 'error', 'warn', 'log', 'debug', 'verbose'];

/** Standard output belongs to results: a program that hosts services prints its own there. */
class StderrLogger extends ConsoleLogger {
  protected override printMessages(
    messages: unknown[],
    context?: string,
    level?: LogLevel,
    _stream?: 'stdout' | 'stderr',
    ...rest: [errorStack?: unknown, params?: Record<string, unknown>]
  ): void {
    super.printMessages(messages, context, level, 'stderr', ...rest);
  }
}

/** A service's logger, to standard error. `TUTTI_LOG` sets the level: fatal, error, warn (default), log, debug or verbose. */
export function createLogger(service: string, level = process.env.TUTTI_LOG ?? 'warn'): LoggerService {
  const upTo = Math.max(0, LEVELS.indexOf(level as LogLevel));
  return new StderrLogger(service, {
    logLevels: LEVELS.slice(0, upTo + 1),
    prefix: 'tutti',
    colors: Boolean(process.stderr.isTTY) && !process.env.NO_COLOR,
  });
}
