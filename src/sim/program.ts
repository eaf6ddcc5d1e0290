/** What a container of the pretended engine does, read from its command: a shell's words, so that a real one does the same. */
import type { ContainerBody } from '#agent/engine.ts'

export type Program = {
  /** How it ends by itself, if it does. */
  readonly ends?: {
    readonly afterMs: number
    readonly exitCode: number
    readonly outOfMemory: boolean
  }
  /** The code with which it ends when it is asked to; without one it has to be killed. */
  readonly onTerm?: number
}

/** Ends by itself after so many seconds. */
export const ending = (seconds: number, exitCode: number): readonly string[] => [
  '/bin/sh',
  '-c',
  `sleep ${seconds}; exit ${exitCode}`,
]
/** Fills its memory after so many seconds. */
export const filling = (seconds: number): readonly string[] => [
  '/bin/sh',
  '-c',
  `sleep ${seconds}; tail /dev/zero`,
]
/** Runs until it is asked to end. */
export const serving = (exitCode: number): readonly string[] => [
  '/bin/sh',
  '-c',
  `trap "exit ${exitCode}" TERM; while :; do sleep 0.1; done`,
]
/** Runs until it is killed. */
export const stubborn: readonly string[] = ['/bin/sh', '-c', 'while :; do sleep 0.1; done']

const KILLED = 137

/** `undefined` for a program that the image does not have. */
export function programOf(body: ContainerBody): Program | undefined {
  const command = [body['Entrypoint'], body['Cmd']]
    .flat()
    .filter((word) => typeof word === 'string')
  const [shell, , script = ''] = command
  if (shell !== '/bin/sh') return undefined
  const onTerm = /^trap "exit (\d+)" TERM/.exec(script)?.[1]
  const [, seconds, exitCode] = /sleep (\d+); (?:exit (\d+)|tail)/.exec(script) ?? []
  return {
    ...(onTerm !== undefined && { onTerm: Number(onTerm) }),
    ...(seconds !== undefined && {
      ends: {
        afterMs: Number(seconds) * 1000,
        exitCode: Number(exitCode ?? KILLED),
        outOfMemory: exitCode === undefined,
      },
    }),
  }
}
