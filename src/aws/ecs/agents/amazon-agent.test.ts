/**
 * The unmodified Amazon agent 1.105.1, as it was recorded on a host with 20 tasks that ran and were stopped: what it
 * said is said again to the control plane, which must understand every word of it.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import type { Socket } from '#room/conversation.ts'
import { type Answer, House, turn } from '#server/house.fixture.ts'

import { machineKeys, Teller } from './teller.fixture.ts'

type Frame = { readonly type: string; readonly message: Readonly<Record<string, unknown>> }
type Step =
  | { readonly via: 'call'; readonly operation: string; readonly input: Answer }
  | { readonly via: 'connect'; readonly target: string }
  | { readonly via: 'acs'; readonly frame: Frame }
  | { readonly via: 'tcs'; readonly headers: readonly string[]; readonly frame: Frame }
  | { readonly via: 'heard'; readonly type: string; readonly desiredStatus: 'RUNNING' | 'STOPPED' }

const STEPS = readFileSync(new URL('amazon-agent.recording.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Step)
const TASKS = 20
const RECORDED_INSTANCE =
  'arn:aws:ecs:us-east-1:123456789012:container-instance/default/0123456789abcdef0123456789abcdef'
const recordedTask = (at: number) =>
  `arn:aws:ecs:us-east-1:123456789012:task/default/${String(at).padStart(32, '0')}`

/** The control plane of the replay, and the ARNs that it gave where the recorded one gave others. */
class Replay {
  readonly house: House
  readonly #arns = new Map<string, string>()
  readonly heard: Answer[] = []
  #say: (text: string) => void = () => undefined
  #teller: Teller | undefined

  constructor(house: House) {
    this.house = house
  }

  get arn(): string {
    return this.#arns.get(RECORDED_INSTANCE) ?? ''
  }

  get tasks(): readonly string[] {
    return Array.from({ length: TASKS }, (_, at) => this.#arns.get(recordedTask(at)) ?? '')
  }

  async step(step: Step): Promise<void> {
    switch (step.via) {
      case 'call': {
        const answer = await this.house.call(step.operation, decoded(this.#ours(step.input)))
        if (step.operation === 'RegisterContainerInstance') this.#registered(step.input, answer)
        return
      }
      case 'connect':
        return this.#connect(this.#ours(step.target))
      case 'heard':
        return this.#expect(step.desiredStatus)
      case 'acs':
        return this.#answer(step.frame)
      case 'tcs': {
        assert.deepEqual(step.headers.slice(0, 3), ['Authorization', 'Host', 'X-Amz-Date'])
        const { type, message } = this.#ours(step.frame)
        await this.#teller?.say(type, message)
        assert.equal(this.#teller?.closed, undefined)
      }
    }
  }

  /** Amazon's agent exits where an attribute with a value does not come back as it was. */
  #registered(input: Answer, { containerInstance }: Answer): void {
    this.#arns.set(RECORDED_INSTANCE, containerInstance.containerInstanceArn)
    for (const { name, value } of input.attributes)
      if (value !== undefined)
        assert.equal(
          containerInstance.attributes.find((one: Answer) => one.name === name)?.value,
          value,
          name,
        )
  }

  async #connect(target: string): Promise<void> {
    if (target.startsWith('/tcs/')) {
      this.#teller = new Teller(this.house, this.arn, await machineKeys(this.house))
      return
    }
    const opened = this.house.conversation('/acs/ws').open(target, this.house.caller())
    assert.equal(typeof opened, 'function')
    const socket: Socket = {
      waiting: 0,
      send: (text) => void this.heard.push(JSON.parse(text)),
      close: () => assert.fail('the control plane hung up'),
      onMessage: (hear) => void (this.#say = hear),
      onClose: () => undefined,
    }
    if (typeof opened === 'function') opened(socket)
    await turn()
  }

  /** Where the recorded control plane sent its tasks, ours is asked for them. */
  async #expect(desired: 'RUNNING' | 'STOPPED'): Promise<void> {
    if (desired === 'RUNNING')
      for (let at = 0; at < TASKS; at += 10) {
        const { tasks } = await this.house.call('RunTask', { taskDefinition: 'w', count: 10 })
        tasks.forEach(({ taskArn }: Answer, index: number) =>
          this.#arns.set(recordedTask(at + index), taskArn),
        )
      }
    else for (const task of this.tasks) await this.house.call('StopTask', { task })
    await turn()
    const sent = this.#payloads().flatMap(({ message }) => message.tasks as Answer[])
    assert.equal(sent.filter(({ desiredStatus }) => desiredStatus === desired).length, TASKS)
  }

  /** What it acknowledged were the recorded messages: here they are all of ours. */
  async #answer({ type, message }: Frame): Promise<void> {
    const ids = type === 'AckRequest' ? this.#payloads().map((one) => one.message.messageId) : ['m']
    for (const messageId of ids)
      this.#say(JSON.stringify({ type, message: { ...this.#ours(message), messageId } }))
    await turn()
  }

  #payloads(): readonly Answer[] {
    return this.heard.filter(({ type }) => type === 'PayloadMessage')
  }

  #ours<T>(recorded: T): T {
    let text = JSON.stringify(recorded)
    for (const [from, to] of this.#arns)
      text = text.replaceAll(from, to).replaceAll(encodeURIComponent(from), encodeURIComponent(to))
    return JSON.parse(text) as T
  }
}

/** As the gateway reads it: instants are dates. */
function decoded(input: Answer): object {
  const dates = Object.entries(input).map(([name, value]) => [
    name,
    name.endsWith('At') ? new Date(Number(value) * 1000) : value,
  ])
  return Object.fromEntries(dates)
}

test('every word of the recorded agent is understood, and leads where it led', async () => {
  const house = await House.open()
  await house.call('CreateCluster')
  await house.call('RegisterTaskDefinition', {
    family: 'w',
    containerDefinitions: [{ name: 'w', image: 'bb:1', memory: 16 }],
  })
  const replay = new Replay(house)
  for (const step of STEPS) await replay.step(step)
  const { tasks } = await house.call('DescribeTasks', { tasks: replay.tasks })
  for (const task of tasks) {
    assert.equal(task.lastStatus, 'STOPPED')
    assert.equal(task.stopCode, 'UserInitiated')
    assert.ok(task.startedAt && task.executionStoppedAt && task.stoppedAt)
    const [container] = task.containers
    assert.match(container.reason, /^CannotPullImageManifestError/)
    assert.match(container.runtimeId, /^[0-9a-f]{64}$/)
    assert.equal(typeof container.exitCode, 'number')
  }
  const { containerInstances } = await house.call('DescribeContainerInstances', {
    containerInstances: [replay.arn],
  })
  const [instance] = containerInstances
  assert.deepEqual(instance.remainingResources, instance.registeredResources)
  assert.deepEqual(
    [instance.versionInfo.agentVersion, instance.versionInfo.dockerVersion],
    ['1.105.1', '20.10.24+dfsg1'],
  )
  assert.equal(instance.agentConnected, true)
})
