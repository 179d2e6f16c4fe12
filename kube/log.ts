import { pino } from 'pino'

/** What the rooms log through. Facts are plain data; secrets never go in. */
export interface Log {
  debug(message: string, facts?: object): void
  info(message: string, facts?: object): void
  warn(message: string, facts?: object): void
  error(message: string, facts?: object): void
}

/** JSON lines on standard output. `level` is pino's: debug, info, warn, error, silent. */
export function jsonLog(level: string, component: string): Log {
  const logger = pino({ level, base: { component } })
  return {
    debug: (message, facts) => logger.debug(facts ?? {}, message),
    info: (message, facts) => logger.info(facts ?? {}, message),
    warn: (message, facts) => logger.warn(facts ?? {}, message),
    error: (message, facts) => logger.error(facts ?? {}, message),
  }
}

const nothing = (): void => {}
export const silentLog: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing }
