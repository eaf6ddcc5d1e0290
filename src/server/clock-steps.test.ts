/** The wall clock jumps, as clocks of machines do: waiting is not touched by it, and no task goes back. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { MemoryLog } from '#store/memory-log.fixture.ts'

import { type Answer, House, MovedClock } from './house.fixture.ts'

const HOUR_MS = 3600_000
const DAY_MS = 24 * HOUR_MS

/** Waits by one clock and tells the time of another, as a real machine does. */
class SteppedClock extends MovedClock {
  #offset = 0

  override now(): number {
    return super.now() + this.#offset
  }

  step(ms: number): void {
    this.#offset += ms
  }
}

for (const step of [-HOUR_MS, HOUR_MS, -DAY_MS, DAY_MS])
  test(`a step of ${step / HOUR_MS} hours in the middle of a task's life`, async () => {
    const clock = new SteppedClock()
    const house = await House.open(new MemoryLog(), clock)
    const host = await house.host()
    await house.call('RegisterTaskDefinition', {
      family: 'web',
      containerDefinitions: [{ name: 'app', image: 'app:1', memory: 64 }],
    })
    const seen: Answer[] = []
    const look = async (task: string): Promise<Answer> => {
      const [found] = (await house.call('DescribeTasks', { tasks: [task] })).tasks
      seen.push(found)
      return found
    }
    const [{ taskArn }] = (await house.call('RunTask', { taskDefinition: 'web' })).tasks
    await look(taskArn)
    clock.step(step)
    await host.report(taskArn, 'RUNNING', [{ containerName: 'app', status: 'RUNNING' }])
    assert.equal((await look(taskArn)).lastStatus, 'RUNNING')
    clock.step(-2 * step)
    // Heartbeats come by the clock that only goes forward.
    const before = host.heard.length
    await clock.move(60_000)
    assert.ok(host.heard.slice(before).some(({ type }) => type === 'HeartbeatMessage'))
    await house.call('StopTask', { task: taskArn })
    await look(taskArn)
    clock.step(step)
    await host.report(taskArn, 'STOPPED', [
      { containerName: 'app', status: 'STOPPED', exitCode: 0 },
    ])
    assert.equal((await look(taskArn)).lastStatus, 'STOPPED')
    const versions = seen.map(({ version }) => version)
    assert.deepEqual(
      versions,
      versions.toSorted((one, other) => one - other),
    )
    const again = await house.call('RunTask', { taskDefinition: 'web' })
    assert.equal(again.failures.length, 0)
    assert.equal(host.closed, undefined)
  })
