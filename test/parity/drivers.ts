/** The clients that people use, each behind the same three verbs. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import * as logs from '@aws-sdk/client-cloudwatch-logs'
import * as sdk from '@aws-sdk/client-ecs'

import { patient } from '../patience.ts'
import { type House, KEYS, type Ran, REGION, run } from './house.ts'

export type Answer = Readonly<Record<string, unknown>>
export type Driver = {
  readonly name: string
  /** Operations that are younger than this client. */
  readonly lacks: readonly string[]
  found(house: House): Promise<boolean>
  call(house: House, operation: string, input: object): Promise<Answer>
  /** All pages, of two each. */
  pages(house: House, operation: string, input: object): Promise<Answer>
  wait(house: House, what: 'TasksRunning' | 'TasksStopped', input: WaitInput): Promise<void>
  /** How this client shows an error. */
  shows(operation: string, code: string, message: string): string
}
type WaitInput = { readonly cluster: string; readonly tasks: string[] }

const hyphened = (name: string): string =>
  name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase()
const underscored = (name: string): string => hyphened(name).replaceAll('-', '_')

function result({ code, stdout, stderr }: Ran): Answer {
  if (code !== 0) throw new Error(stderr.trim())
  return stdout.trim() === '' ? {} : (JSON.parse(stdout) as Answer)
}

const botocoreShows = (operation: string, code: string, message: string): string =>
  `An error occurred (${code}) when calling the ${operation} operation: ${message}`

/** By the names that the clients share. */
type Service = 'ecs' | 'logs'

function cli(
  service: Service,
  name: string,
  command: string,
  version: RegExp,
  lacks: readonly string[] = [],
): Driver {
  /** The input is a JSON file, as people keep their task definitions. */
  async function aws(house: House, words: readonly string[], input: object): Promise<Ran> {
    const folder = mkdtempSync(join(tmpdir(), 'berth-cli-'))
    const file = join(folder, 'input.json')
    try {
      writeFileSync(file, JSON.stringify(input))
      const fixed = ['--endpoint-url', house.endpoint, '--output', 'json', service]
      return await run(
        command,
        [...fixed, ...words, '--cli-input-json', `file://${file}`],
        house.env,
      )
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
  return {
    name,
    lacks,
    found: async (house) => {
      const { code, stdout, stderr } = await run(command, ['--version'], house.env)
      return code === 0 && version.test(stdout + stderr)
    },
    call: async (house, operation, input) => result(await aws(house, [hyphened(operation)], input)),
    pages: async (house, operation, input) =>
      result(await aws(house, [hyphened(operation), '--page-size', '2'], input)),
    wait: async (house, what, input) => {
      const tasks = ['--cluster', input.cluster, '--tasks', ...input.tasks]
      const fixed = ['--endpoint-url', house.endpoint, 'ecs', 'wait', hyphened(what)]
      result(await run(command, [...fixed, ...tasks], house.env))
    },
    shows: botocoreShows,
  }
}

const script = join(import.meta.dirname, 'client.py')
const boto3 = (service: Service): Driver => ({
  name: 'boto3',
  lacks: [],
  found: async (house) => (await run('python3', ['-c', 'import boto3'], house.env)).code === 0,
  call: (house, operation, input) => python(house, service, ['call', operation], input),
  pages: (house, operation, input) => python(house, service, ['pages', operation], input),
  wait: async (house, what, input) => void (await python(house, service, ['wait', what], input)),
  shows: botocoreShows,
})

async function python(
  house: House,
  service: Service,
  [action, name]: readonly [string, string],
  input: object,
): Promise<Answer> {
  const words = [script, service, action, underscored(name), JSON.stringify(input)]
  return result(await run('python3', words, house.env))
}

const clientOf = ({ endpoint }: House): sdk.ECS =>
  new sdk.ECS({ endpoint, region: REGION, credentials: KEYS })
const logsClientOf = ({ endpoint }: House): logs.CloudWatchLogs =>
  new logs.CloudWatchLogs({ endpoint, region: REGION, credentials: KEYS })

const javascript = (service: Service): Driver => ({
  name: 'JavaScript SDK',
  lacks: [],
  found: async () => true,
  async call(house, operation, input) {
    const client = service === 'ecs' ? clientOf(house) : logsClientOf(house)
    const method = `${operation[0]?.toLowerCase()}${operation.slice(1)}`
    const methods = client as unknown as Record<string, (input: object) => Promise<Answer>>
    try {
      return await methods[method]!.call(client, input)
    } finally {
      client.destroy()
    }
  },
  async pages(house, operation, input) {
    const client = service === 'ecs' ? clientOf(house) : logsClientOf(house)
    const paginators = (service === 'ecs' ? sdk : logs) as unknown as Record<
      string,
      (configuration: object, input: object) => AsyncIterable<Answer>
    >
    const all: Record<string, unknown[]> = {}
    for await (const page of paginators[`paginate${operation}`]!({ client, pageSize: 2 }, input))
      for (const [name, value] of Object.entries(page))
        if (Array.isArray(value)) (all[name] ??= []).push(...(value as unknown[]))
    client.destroy()
    return all
  },
  async wait(house, what, input) {
    const client = clientOf(house)
    const wait = what === 'TasksRunning' ? sdk.waitUntilTasksRunning : sdk.waitUntilTasksStopped
    await wait({ client, maxWaitTime: patient(60), minDelay: 1, maxDelay: 2 }, input)
    client.destroy()
  },
  shows: (_operation, code, message) => `${code}: ${message}`,
})

/** Both command lines may be called `aws`: their version tells them apart. */
const driversOf = (service: Service): readonly Driver[] => [
  cli(service, 'AWS CLI v1', 'aws', /aws-cli\/1\./),
  cli(service, 'AWS CLI v2', '/usr/bin/aws', /aws-cli\/2\./, ['DeleteTaskDefinitions']),
  boto3(service),
  javascript(service),
]
export const DRIVERS = driversOf('ecs')
export const LOGS_DRIVERS = driversOf('logs')
