/** `berth agent`: this host's agent in the foreground. Ending it leaves its containers running. */
import { join } from 'node:path'

import { runAgent } from '#agent/main.ts'
import { installationId, prepareData } from '#server/data.ts'

import { dockerSocket } from './docker-socket.ts'
import { lookAfterEngineLog } from './engine-start.ts'
import { ownLog } from './own-log.ts'
import { configFolder, dataDirectory } from './paths.ts'
import { trust } from './trust.ts'
import { UserError } from './user-error.ts'

export type AgentCommand = {
  readonly endpoint: string
  readonly cluster?: string
  readonly region: string
  readonly data?: string
  readonly docker?: string
  readonly ca?: string
}

export async function agent(options: AgentCommand): Promise<void> {
  const accessKeyId = process.env['AWS_ACCESS_KEY_ID']
  const secretAccessKey = process.env['AWS_SECRET_ACCESS_KEY']
  if (!accessKeyId || !secretAccessKey)
    throw new UserError(
      "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to this host's machine key: `berth host create` on the server prints one",
    )
  const sessionToken = process.env['AWS_SESSION_TOKEN']
  const { root } = prepareData(dataDirectory(options.data))
  if (!URL.canParse(options.endpoint) || !/^https?:/.test(options.endpoint))
    throw new UserError(`${options.endpoint} is no address such as https://berth.example:4580`)
  trust(options.endpoint, options.ca)
  lookAfterEngineLog(root)
  const running = await runAgent({
    endpoint: options.endpoint,
    region: options.region,
    ...(options.cluster !== undefined && { cluster: options.cluster }),
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) },
    dataDirectory: join(root, 'agent'),
    installationId: installationId(root),
    dockerSocket: dockerSocket(options.docker),
    protectedPaths: [root, dataDirectory(undefined), configFolder()],
    log: ownLog({ name: 'agent', data: root }),
  }).catch((error: unknown) => {
    throw new UserError(`the agent could not start: ${(error as Error).message}`)
  })
  // A supervisor starts it again; one that lives on without its duty would look sound.
  running.ended.catch(() => process.exit(1))
  const end = (): void =>
    void running.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(`the agent could not save its state: ${(error as Error).message}`)
        process.exit(1)
      },
    )
  process.once('SIGTERM', end)
  process.once('SIGINT', end)
  console.log(JSON.stringify({ containerInstanceArn: running.containerInstanceArn }))
}
