/** What a server and an agent with nothing to do hold of memory, compiled as `berth up` runs them. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { systemClock } from '#system/system.ts'

import { ask } from './load.ts'
import { Berth, KEYS, rssMiB } from './peers.ts'
import { tell } from './report.ts'

/** Start-up garbage is gone by then. */
const SETTLE_MS = 60_000

const berth = await Berth.start()
await ask(berth.target, 'CreateCluster', { clusterName: 'default' })
const agent = spawn(
  process.execPath,
  [
    '--disable-warning=ExperimentalWarning',
    join(import.meta.dirname, '../dist/berth.js'),
    'agent',
    '--endpoint',
    `http://127.0.0.1:${berth.target.port}`,
    '--data',
    join(berth.directory, 'agent'),
  ],
  {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: {
      ...process.env,
      AWS_ACCESS_KEY_ID: KEYS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: KEYS.secretAccessKey,
    },
  },
)
try {
  await once(createInterface({ input: agent.stdout }), 'line')
  await systemClock.sleep(SETTLE_MS)
  tell('idle RSS of the server', `${berth.rssMiB.toFixed(0)} MiB`)
  tell('idle RSS of the agent', `${rssMiB(agent.pid ?? 0).toFixed(0)} MiB`)
} finally {
  agent.kill()
  await berth.remove()
}
