import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Clock } from '#kernel/clock.ts'

import { Agent } from './agent.ts'
import { readConfig } from './config.ts'
import { CallFault } from './control-plane.ts'
import type { Engine } from './engine.ts'
import type { Host } from './host.ts'
import type { AgentState } from './state/state.ts'

const SAVED: AgentState = {
  version: 1,
  cluster: 'default',
  containerInstanceArn: 'arn:aws:ecs:us-east-1:123456789012:container-instance/default/1',
  timeline: 1,
  tasks: [],
  forgotten: [],
}

/** An agent whose control plane answers every call alike; nothing else of the world is asked before it registers. */
function agentThat(call: () => Promise<unknown>, cluster = 'default'): Agent {
  const clock: Clock = {
    now: () => 0,
    after: () => () => {},
    sleep: (_ms, signal) =>
      new Promise((_done, fail) => {
        const end = () => fail(signal?.reason as Error)
        if (signal?.aborted) end()
        signal?.addEventListener('abort', end)
      }),
  }
  const quiet = { info: () => {}, warn: () => {}, error: () => {} }
  const engine = {
    info: async () => ({
      cpus: 1,
      memoryBytes: 1,
      loggingDrivers: [],
      volumeDrivers: [],
      apiVersion: '1.41',
    }),
  }
  const host = {
    info: async () => ({
      taskGroups: false,
      pause: false,
      dynamicPorts: { first: 1, last: 2 },
      gpuIds: [],
    }),
    ownAddress: () => Promise.reject(new Error('not allowed')),
  }
  return new Agent({
    calls: { call },
    connect: () => Promise.reject(new Error('not asked')),
    state: { load: async () => SAVED, save: async () => {} },
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    installationId: 'i',
    architecture: 'x64',
    engine: engine as unknown as Engine,
    host: host as unknown as Host,
    clock,
    ids: { hex: () => '', uuid: () => '', random: () => 0 },
    log: quiet,
    config: { ...readConfig({}), cluster },
  })
}

test('surprise 25: the state of another cluster is not taken over', async () => {
  const agent = agentThat(() => Promise.reject(new Error('not asked')), 'other')
  await assert.rejects(agent.start(), /belongs to cluster 'default', not to 'other'/)
})

test('surprise 28: an agent that cannot register yet ends when it is told to', async () => {
  const asked = Promise.withResolvers<void>()
  const agent = agentThat(() => {
    asked.resolve()
    return Promise.reject(new CallFault('ThrottlingException', 'Rate exceeded', 400))
  })
  void agent.start().catch(() => {})
  await asked.promise
  await agent.stop()
})

test('a refusal for good ends the agent with its reason', async () => {
  const agent = agentThat(() =>
    Promise.reject(new CallFault('AccessDeniedException', 'not authorized', 400)),
  )
  await assert.rejects(agent.start(), /AccessDeniedException: not authorized/)
})
