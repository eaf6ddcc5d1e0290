/** Which Docker Engine Berth works with: one of this machine, over its socket. */
import { existsSync, realpathSync } from 'node:fs'
import { isAbsolute } from 'node:path'

import { called } from './called.ts'
import { findBackground, optionOf } from './process.ts'
import { UserError } from './user-error.ts'

export const DEFAULT_SOCKET = '/var/run/docker.sock'

/** The one that is named, else that of DOCKER_HOST, as for every program that speaks with an engine. */
export function dockerSocket(named?: string, host = process.env['DOCKER_HOST']): string {
  const [text, by] = named ? [named, '--docker'] : [host, 'DOCKER_HOST']
  if (!text || text === 'unix://') return DEFAULT_SOCKET
  const path = text.replace(/^unix:\/\//, '')
  if (isAbsolute(path)) return path
  throw new UserError(
    `${by} is ${text}, and Berth works with the Docker Engine of this machine over its socket: ${by === 'DOCKER_HOST' ? 'unset it, or set it to' : 'give'} unix:///path/of/docker.sock`,
  )
}

/** The socket that the agent has which runs in the background here: it keeps it until it ends. */
export function agentsSocket(data: string): string | undefined {
  const agent = findBackground({ name: 'agent', data })
  return agent === undefined ? undefined : optionOf(agent, '--docker')
}

export function refuseOtherEngine(data: string): void {
  const [has, socket] = [agentsSocket(data), dockerSocket()]
  if (has !== undefined && real(has) !== real(socket))
    throw new UserError(
      `the agent of this host works with the Docker Engine at ${has}, and takes ${socket} only when it starts: ${called('down', '--data', data)} first, or set DOCKER_HOST to unix://${has}`,
    )
}

const real = (path: string): string => (existsSync(path) ? realpathSync(path) : path)
