import pino from "pino";
import type { Log } from "../../ports/log.ts";

/** Structured lines on standard error; standard output belongs to commands. */
export function createSystemLog(options: { readonly level: string }): Log {
  const logger = pino(
    { level: options.level, base: null, serializers: { cause: pino.stdSerializers.err } },
    pino.destination({ dest: 2, sync: true }),
  );
  return {
    debug: (message, fields) => logger.debug(fields ?? {}, message),
    info: (message, fields) => logger.info(fields ?? {}, message),
    warn: (message, fields) => logger.warn(fields ?? {}, message),
    error: (message, fields) => logger.error(fields ?? {}, message),
  };
}

/** For tests and one-shot commands that report in their own words. */
export function createSilentLog(): Log {
  const nothing = () => {};
  return { debug: nothing, info: nothing, warn: nothing, error: nothing };
}
