/** The first task: a page served by busybox from an image made on the spot, so that no registry is needed. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { DockerEngine } from '#agent/docker/docker.ts'
import { BUSYBOX } from '#agent/host/busybox.ts'
import { systemClock } from '#system/system.ts'

import type { Api } from './api.ts'
import { called } from './called.ts'
import { dockerSocket } from './docker-socket.ts'
import { busyboxFinding } from './prerequisites.ts'
import { until } from './process.ts'
import { step } from './progress.ts'
import { UserError } from './user-error.ts'

const IMAGE = 'berth/hello:latest'
/** As the first process of a container a program hears only the signals that it asks for, and httpd asks for none. */
const SERVE = 'trap exit TERM; /bin/busybox httpd -f -p 80 -h /www & wait'
/** The label keeps agents from looking for the image in a registry. */
const CHANGES = [
  `CMD ${JSON.stringify(['/bin/busybox', 'sh', '-c', SERVE])}`,
  'EXPOSE 80',
  'LABEL berth.local=true',
]
/** What the image was made from: an engine gives what it takes in anew another id, and the one before is left without a name. */
const MADE_FROM = 'berth.made-from'
/** The same files give the same bytes. */
const SAME_BYTES = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner']
const FAMILY = 'hello'
const STARTED_BY = 'berth-up'
const START_MS = 60_000

type Task = {
  readonly taskArn: string
  readonly lastStatus: string
  readonly stoppedReason?: string
  readonly startedBy?: string
  readonly containers: readonly {
    readonly networkBindings: readonly { readonly hostPort: number }[]
  }[]
}

export async function hello(api: Api, cluster: string): Promise<void> {
  const before = await running(api, cluster)
  if (before) {
    await step('hello task', async () => `${before.taskArn.split('/').pop() ?? ''} already RUNNING`)
    await answers(before)
    return
  }
  if (!busyboxFinding().ok) {
    console.log(`the hello task is left out: ${busyboxFinding().remedy ?? ''}`)
    return
  }
  await step(`image ${IMAGE}`, buildImage)
  await step(`task definition ${FAMILY}`, async () => `revision ${await definition(api)}`)
  const task = await step('hello task', () => run(api, cluster))
  await answers(task)
}

async function running(api: Api, cluster: string): Promise<Task | undefined> {
  const { taskArns } = await api<{ taskArns: string[] }>('ListTasks', {
    cluster,
    startedBy: STARTED_BY,
  })
  if (taskArns.length === 0) return undefined
  const { tasks } = await api<{ tasks: Task[] }>('DescribeTasks', { cluster, tasks: taskArns })
  return tasks.find((task) => task.lastStatus === 'RUNNING')
}

async function buildImage(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'berth-hello-'))
  try {
    for (const name of ['bin', 'www', 'tmp']) mkdirSync(join(folder, name))
    copyFileSync(BUSYBOX, join(folder, 'bin', 'busybox'))
    writeFileSync(join(folder, 'www', 'index.html'), '<h1>Hello from Berth</h1>\n')
    const archive = execFileSync('tar', ['-C', folder, ...SAME_BYTES, '-c', '.'], {
      maxBuffer: 64 << 20,
    })
    return await importImage(archive)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function importImage(archive: Buffer): Promise<string> {
  const madeFrom = createHash('sha256')
    .update(JSON.stringify(CHANGES))
    .update(archive)
    .digest('hex')
  const engine = new DockerEngine({ socketPath: dockerSocket(), clock: systemClock })
  try {
    const there = await engine.image(IMAGE)
    if (there?.labels[MADE_FROM] === madeFrom) return 'already there'
    await engine.importImage(IMAGE, archive, [...CHANGES, `LABEL ${MADE_FROM}=${madeFrom}`])
    return 'built from busybox'
  } catch (error) {
    const { message } = error as Error
    throw new UserError(`the Docker Engine did not take the image ${IMAGE}: ${message}`)
  } finally {
    engine.close()
  }
}

/** Registers the family once: a later `up` finds it. */
async function definition(api: Api): Promise<number> {
  type Families = { families: string[] }
  type Definition = { taskDefinition: { revision: number } }
  const { families } = await api<Families>('ListTaskDefinitionFamilies', {
    familyPrefix: FAMILY,
    status: 'ACTIVE',
  })
  const { taskDefinition } = families.includes(FAMILY)
    ? await api<Definition>('DescribeTaskDefinition', { taskDefinition: FAMILY })
    : await api<Definition>('RegisterTaskDefinition', {
        family: FAMILY,
        containerDefinitions: [
          {
            name: 'web',
            image: IMAGE,
            memory: 32,
            cpu: 32,
            essential: true,
            portMappings: [{ containerPort: 80 }],
            healthCheck: {
              command: ['CMD', '/bin/busybox', 'wget', '-q', '-O', '-', 'http://127.0.0.1/'],
              interval: 5,
              timeout: 2,
            },
            stopTimeout: 2,
          },
        ],
      })
  return taskDefinition.revision
}

async function run(api: Api, cluster: string): Promise<readonly [Task, string]> {
  type Run = { tasks: Task[]; failures: { reason: string; detail?: string }[] }
  const { tasks, failures } = await api<Run>('RunTask', {
    cluster,
    taskDefinition: FAMILY,
    startedBy: STARTED_BY,
  })
  const [started] = tasks
  if (!started) throw new UserError(`the task was not placed: ${JSON.stringify(failures)}`)
  const task = await until(
    async () => {
      const answer = await api<{ tasks: Task[] }>('DescribeTasks', {
        cluster,
        tasks: [started.taskArn],
      })
      const [now] = answer.tasks
      if (now?.lastStatus === 'STOPPED')
        throw new UserError(`the task stopped: ${now.stoppedReason ?? ''}`)
      return now?.lastStatus === 'RUNNING' ? now : undefined
    },
    START_MS,
    () => `the task does not start: see \`${called('status')}\` and the agent's log`,
  )
  return [task, `${task.taskArn.split('/').pop() ?? ''} RUNNING`]
}

async function answers(task: Task): Promise<void> {
  const port = task.containers[0]?.networkBindings[0]?.hostPort
  const url = `http://127.0.0.1:${port}/`
  await step('it answers', async () => {
    await until(
      async () => {
        const response = await fetch(url).catch(() => undefined)
        return response?.ok ? true : undefined
      },
      START_MS,
      () => `${url} does not answer`,
    )
    return url
  })
}
