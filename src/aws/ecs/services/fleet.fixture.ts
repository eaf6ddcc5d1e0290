/** Hosts that do as they are told, and containers that behave by the rule of their image: a cluster for the scheduler's tests. */
import { type Answer, type Host, House } from '#server/house.fixture.ts'

import { takeHealth } from '../agents/health.ts'
import {
  containerInstanceArn,
  containerInstanceKey,
  definitionKey,
  taskArn,
} from '../names/names.ts'
import type { Policy } from '../policy.ts'
import {
  containerInstances,
  type Health,
  type Task,
  taskDefinitions,
  tasks,
} from '../records/records.ts'

/** What becomes of a container: it runs, cannot be started, ends as soon as it has started, or never gets that far. */
export type Rule = 'runs' | 'cannot start' | 'exits' | 'hangs'
const ROUNDS_MAX = 200
const ZONES = ['a', 'b']

export class Fleet {
  readonly hosts: Host[] = []
  /** By image; an image without a rule runs. */
  readonly rules = new Map<string, Rule>()
  house: House

  private constructor(house: House) {
    this.house = house
  }

  /** Hosts of two vCPU and 4 GiB, by turns in two zones. */
  static async open(hosts: number, policy: Policy = {}): Promise<Fleet> {
    const fleet = new Fleet(await House.open(undefined, undefined, undefined, policy))
    for (let count = 0; count < hosts; count += 1) await fleet.join()
    return fleet
  }

  async join(): Promise<Host> {
    const value = ZONES[this.hosts.length % ZONES.length] ?? ''
    const attributes = [{ name: 'ecs.availability-zone', value }]
    const host = await this.house.host({ attributes })
    this.hosts.push(host)
    return host
  }

  async define(image: string, container: object = {}, more: object = {}): Promise<string> {
    const { taskDefinition } = await this.house.call('RegisterTaskDefinition', {
      family: 'web',
      containerDefinitions: [{ name: 'app', image, cpu: 64, memory: 64, ...container }],
      ...more,
    })
    return `web:${taskDefinition.revision}`
  }

  async service(more: object = {}): Promise<Answer> {
    const input = { serviceName: 'web', taskDefinition: 'web', desiredCount: 4, ...more }
    return (await this.house.call('CreateService', input)).service
  }

  update(more: object): Promise<Answer> {
    return this.house.call('UpdateService', { service: 'web', ...more })
  }

  async describe(name = 'web'): Promise<Answer> {
    return (await this.house.call('DescribeServices', { services: [name] })).services[0]
  }

  /** The newest service deployment. */
  async newest(): Promise<Answer> {
    const listed = await this.house.call('ListServiceDeployments', { service: 'web' })
    const serviceDeploymentArns = [listed.serviceDeployments[0].serviceDeploymentArn]
    const told = await this.house.call('DescribeServiceDeployments', { serviceDeploymentArns })
    return told.serviceDeployments[0]
  }

  /** The service's events, oldest first, with ids taken out. */
  async events(): Promise<string[]> {
    const { events } = await this.describe()
    return events
      .map(({ message }: Answer) =>
        message
          .replaceAll(/ecs-svc\/\d+/g, 'ecs-svc/N')
          .replaceAll(/\((task|container-instance) \w+\)/g, '($1 ID)')
          .replaceAll(/container-instance \w{32}/g, 'container-instance ID'),
      )
      .toReversed()
  }

  tasks(): Task[] {
    return this.house.server.store.read((tx) => [...tx.scan(tasks)].map(({ row }) => row))
  }

  /** Tasks that should run, or do. */
  live(): Task[] {
    return this.tasks().filter(({ desiredStatus }) => desiredStatus === 'RUNNING')
  }

  /** By revision of the task definition, how many should run. */
  revisions(): Record<number, number> {
    const counts: Record<number, number> = {}
    for (const { revision } of this.live()) counts[revision] = (counts[revision] ?? 0) + 1
    return counts
  }

  /** Lets hosts and server act until nothing is left to do at this moment. */
  async settle(): Promise<void> {
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      await this.house.clock.move(0)
      if (!(await this.#act())) return
    }
    throw new Error('this does not settle')
  }

  /** Lets time pass in steps, the hosts acting after each. */
  async pass(seconds: number, step = 5): Promise<void> {
    for (let at = 0; at < seconds; at += step) {
      await this.house.clock.move(Math.min(step, seconds - at) * 1000)
      await this.settle()
    }
  }

  /** Ends a task by itself, as when its process crashes. */
  async end(task: Task, exitCode = 1): Promise<void> {
    await this.#report(task, 'STOPPED', { exitCode })
  }

  async health(of: readonly Task[], healthStatus: Health): Promise<void> {
    const { store } = this.house.server
    for (const task of of) {
      const key = containerInstanceKey(task, task.clusterName, task.containerInstanceId)
      const containers = [{ containerName: 'app', healthStatus }]
      const ids = { hex: () => '', uuid: () => 'health', random: () => 0 }
      takeHealth({ store, clock: this.house.clock, ids } as never, key, [
        { taskArn: taskArn(task), containers },
      ])
    }
    await this.house.clock.move(0)
  }

  hostOf(task: Task): Host {
    return this.hosts.find(({ arn }) => arn === containerInstanceArn(task)) as Host
  }

  /** The server ends and another begins on what it had written. */
  async restart(): Promise<void> {
    await this.house.server.close()
    this.house = await House.open(this.house.log, this.house.clock)
  }

  async #act(): Promise<boolean> {
    let acted = false
    for (const task of this.tasks()) {
      if (task.lastStatus === 'STOPPED' || !this.#isReachable(task)) continue
      if (task.desiredStatus === 'STOPPED') await this.#report(task, 'STOPPED', { exitCode: 143 })
      else if (task.lastStatus === 'PENDING') {
        const rule = this.rules.get(this.#image(task)) ?? 'runs'
        if (rule === 'hangs') continue
        const reason = 'CannotPullContainerError: no such image'
        if (rule === 'cannot start') await this.#report(task, 'STOPPED', { reason })
        else await this.#report(task, 'RUNNING', {})
        if (rule === 'exits') await this.#report(task, 'STOPPED', { exitCode: 0 })
      } else continue
      acted = true
    }
    return acted
  }

  #image(task: Task): string {
    const key = definitionKey(task, task.family, task.revision)
    const row = this.house.server.store.read((tx) => tx.get(taskDefinitions, key))
    return row?.definition.containerDefinitions[0]?.image ?? ''
  }

  #isReachable(task: Task): boolean {
    const key = containerInstanceKey(task, task.clusterName, task.containerInstanceId)
    const row = this.house.server.store.read((tx) => tx.get(containerInstances, key))
    return row?.agentConnected === true
  }

  async #report(task: Task, status: string, container: object): Promise<void> {
    const change = { containerName: 'app', status, runtimeId: 'r', ...container }
    await this.house.call('SubmitTaskStateChange', {
      task: taskArn(task),
      status,
      containers: [change],
    })
    await this.house.clock.move(0)
  }
}

/** A service that has come to its steady state. */
export async function steady(
  hosts: number,
  service: object = {},
  container: object = {},
): Promise<Fleet> {
  const fleet = await Fleet.open(hosts)
  await fleet.define('app:1', container)
  await fleet.service(service)
  await fleet.settle()
  await fleet.pass(45)
  return fleet
}

/** A daemon on a host that drains while something else runs there: it is the last to go. */
export async function stayingDaemon(): Promise<Fleet> {
  const fleet = await steady(1, { schedulingStrategy: 'DAEMON', desiredCount: undefined })
  const containerInstances = [fleet.hosts[0]?.arn]
  await fleet.house.call('StartTask', { taskDefinition: 'web', containerInstances })
  await fleet.settle()
  await fleet.house.call('UpdateContainerInstancesState', {
    containerInstances,
    status: 'DRAINING',
  })
  return fleet
}

/** The least tasks RUNNING and the most that had not ended, at any commit from now on. */
export function watched(fleet: Fleet): { least: number; most: number; starts: number } {
  const seen = { least: Infinity, most: 0, starts: 0 }
  fleet.house.server.store.watch(({ changes }) => {
    if (!changes.some(({ table }) => table === tasks.name)) return
    seen.starts += changes.filter(({ table, before }) => table === tasks.name && !before).length
    const all = fleet.tasks()
    const running = all.filter(
      ({ lastStatus, desiredStatus }) => lastStatus === 'RUNNING' && desiredStatus === 'RUNNING',
    )
    seen.least = Math.min(seen.least, running.length)
    seen.most = Math.max(seen.most, all.filter(({ lastStatus }) => lastStatus !== 'STOPPED').length)
  })
  return seen
}
