/** What `docs/operations/what-a-task-may-do.md` says is done as it stands there. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { readConfig } from '#agent/config.ts'
import { attributes } from '#agent/registration.ts'
import { parseSettingsFile } from '#agent/settings.ts'
import { House } from '#server/house.fixture.ts'

const PAGE = new URL('../../docs/operations/what-a-task-may-do.md', import.meta.url)
const ENGINE = {
  version: '28',
  apiVersion: '1.48',
  minApiVersion: '1.24',
  cpus: 4,
  memoryBytes: 2 ** 33,
  loggingDrivers: ['json-file', 'splunk', 'syslog'],
  volumeDrivers: ['local'],
  cgroupDriver: 'cgroupfs',
  cgroupVersion: 2,
} as const
const HOST = { taskGroups: true, pause: true, dynamicPorts: { first: 1, last: 2 }, gpuIds: [] }

/** Each block of settings, with the rows of the table under it. */
function examples(): readonly {
  readonly settings: string
  readonly rows: readonly (readonly [definition: string, outcome: string])[]
}[] {
  const page = readFileSync(PAGE, 'utf8')
  return [...page.matchAll(/^```\n([^]*?)^```\n\n((?:\|.*\n)+)/gm)].map(([, settings, table]) => ({
    settings: settings ?? '',
    rows: [...(table ?? '').matchAll(/^\| `(\{.*\})` \| (.*) \|$/gm)].map(
      ([, definition, outcome]) => [definition ?? '', (outcome ?? '').replaceAll('`', '')] as const,
    ),
  }))
}

test('a host does with its settings what the page says', async (context) => {
  const found = examples()
  assert.deepEqual(
    found.map(({ rows }) => rows.length),
    [10, 8],
  )
  for (const { settings, rows } of found)
    for (const [text, outcome] of rows)
      await context.test(text, async () => {
        const config = readConfig(parseSettingsFile(settings))
        const house = await House.open()
        const registered = attributes(ENGINE, HOST, config, 'x64', true)
        const host = await house.host()
        // It says of itself what an agent with these settings says, and nothing else.
        await house.call('RegisterContainerInstance', {
          containerInstanceArn: host.arn,
          totalResources: [{ name: 'MEMORY', type: 'INTEGER', integerValue: 1024 }],
          attributes: registered.map(({ name, value }) => ({
            name,
            ...(value !== undefined && { value }),
          })),
        })
        const { networkMode, pidMode, volumes, ...more } = JSON.parse(text) as Record<
          string,
          object
        >
        const container = { name: 'app', image: 'app:1', memory: 64, ...more }
        const ofTask = { networkMode, pidMode, volumes }
        const family = { family: 'web', containerDefinitions: [container], ...ofTask }
        await house.call('RegisterTaskDefinition', family)
        const { tasks, failures } = await house.call('RunTask', { taskDefinition: 'web' })
        assert.equal(tasks.length === 1 ? 'runs it' : failures[0].detail, outcome)
      })
})
