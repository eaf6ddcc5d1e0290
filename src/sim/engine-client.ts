/** The way from an agent to its host's pretended engine: slow, failing, mute and hanging, as the weather is. */
import {
  EngineError,
  keepLabels,
  type Engine,
  type EngineInfo,
  type EngineErrorName,
  type EngineEvent,
  type Observed,
} from '#agent/engine.ts'

import type { SimEngine } from './engine.ts'
import type { Life } from './life.ts'
import type { Rng } from './rng.ts'
import type { Weather } from './weather.ts'

const MINUTE_MS = 60_000
/** How long the agent's real client waits for each kind of call. */
const PULL_TIMEOUT_MS = 120 * MINUTE_MS
const CREATE_TIMEOUT_MS = 4 * MINUTE_MS
const START_TIMEOUT_MS = 3 * MINUTE_MS
const STOP_TIMEOUT_EXTRA_MS = 2 * MINUTE_MS
const REMOVE_TIMEOUT_MS = 5 * MINUTE_MS
const QUICK_TIMEOUT_MS = 30_000
/** A call that hangs is done at last, at most so long after anybody waits for it. */
const LATE_MS_MAX = 5 * MINUTE_MS
const MIB = 1024 * 1024
const MEMORY_BYTES = 4096 * MIB

export type EngineClientOptions = {
  readonly engine: SimEngine
  readonly life: Life
  readonly clock: Life['clock']
  readonly rng: Rng
  readonly weather: () => Weather
  /** Something that brings a container to life went wrong, or nobody knows whether it did. */
  readonly failed: () => void
}

type Attempt<T> = {
  readonly error: EngineErrorName
  readonly timeoutMs: number
  readonly effect: (done: (value: T) => void, isLate: boolean) => void
  /** The container that is not answered for meanwhile. */
  readonly occupies?: string
}

export function engineClient(options: EngineClientOptions): Engine {
  const { engine, life, rng, weather } = options
  const at = <T>(error: EngineErrorName, timeoutMs: number, effect: () => T): Promise<T> =>
    attempt(options, { error, timeoutMs, effect: (done) => done(effect()) })
  return {
    info: () => at('CannotListContainersError', QUICK_TIMEOUT_MS, () => INFO),
    pull: (image) => at('CannotPullContainerError', PULL_TIMEOUT_MS, () => engine.pull(image)),
    importImage: async () => undefined,
    removeImage: async () => undefined,
    image: (image) =>
      at('CannotPullContainerError', QUICK_TIMEOUT_MS, () => {
        const digest = engine.image(image)
        return digest === undefined
          ? undefined
          : { id: image, tags: [image], digest, labels: {}, variables: [], configBytes: 2 }
      }),
    create: (name, body) =>
      at('CannotCreateContainerError', CREATE_TIMEOUT_MS, () => engine.create(name, body)),
    start: (id) =>
      attempt<void>(options, {
        error: 'CannotStartContainerError',
        timeoutMs: START_TIMEOUT_MS,
        effect: (done, isLate) => done(engine.start(id, isLate)),
        occupies: id,
      }),
    stop: (id, timeoutSeconds) =>
      attempt<void>(options, {
        error: 'CannotStopContainerError',
        timeoutMs: timeoutSeconds * 1000 + STOP_TIMEOUT_EXTRA_MS,
        effect: (done) => engine.stop(id, timeoutSeconds * 1000, done),
      }),
    remove: (id) => at('CannotRemoveContainerError', REMOVE_TIMEOUT_MS, () => engine.remove(id)),
    inspect: (id) =>
      attempt<Observed | undefined>(options, {
        error: 'CannotInspectContainerError',
        timeoutMs: QUICK_TIMEOUT_MS,
        effect: (done) => engine.whenAnswered(id, () => done(engine.find(id))),
      }),
    list: (labels, kept) =>
      at('CannotListContainersError', QUICK_TIMEOUT_MS, () => {
        const carriers = engine.all().filter((one) => carries(one, labels))
        const listed = carriers.map((one) => keepLabels(one, kept))
        return {
          found: listed.filter(({ id }) => !engine.isStarting(id)),
          silent: listed.filter(({ id }) => engine.isStarting(id)),
        }
      }),
    volume: (name) => at('CannotInspectVolumeError', QUICK_TIMEOUT_MS, () => engine.volume(name)),
    createVolume: (volume) =>
      at('CannotCreateVolumeError', CREATE_TIMEOUT_MS, () => engine.createVolume(volume)),
    removeVolume: (name) =>
      at('CannotRemoveContainerError', REMOVE_TIMEOUT_MS, () => engine.removeVolume(name)),
    stats: (id) =>
      at('CannotInspectContainerError', QUICK_TIMEOUT_MS, () =>
        engine.find(id)?.state === 'running' ? STATS : undefined,
      ),
    watch: (labels, listener) =>
      watch(engine, labels, (event) => {
        if (event.type === 'changed' && rng.chance(weather().loseEvent)) return
        life.clock.after(rng.between(...weather().engineMs), () => listener(event))
      }),
  }
}

const INFO: EngineInfo = {
  version: '28.0.0',
  apiVersion: '1.48',
  minApiVersion: '1.24',
  loggingDrivers: ['json-file'],
  volumeDrivers: ['local'],
  cgroupDriver: 'cgroupfs',
  cgroupVersion: 1,
  cpus: 4,
  memoryBytes: MEMORY_BYTES,
}
const STATS = { cpuNanoseconds: 1e9, memoryBytes: MIB, readBytes: 0, writtenBytes: 0, raw: {} }

const BRINGS_TO_LIFE: ReadonlySet<EngineErrorName> = new Set([
  'CannotPullContainerError',
  'CannotCreateContainerError',
  'CannotCreateVolumeError',
  'CannotInspectVolumeError',
  'CannotStartContainerError',
])

/** What the engine does it does whether or not the agent still lives; only the answer is the agent's. */
function attempt<T>(options: EngineClientOptions, asked: Attempt<T>): Promise<T> {
  const { engine, life, clock, rng, failed } = options
  const weather = options.weather()
  const fails = rng.chance(weather.engineFails)
  const isMute = rng.chance(weather.engineMute)
  const hangs = rng.chance(weather.engineHangs)
  const usualMs = rng.between(...weather.engineMs)
  const lateMs = asked.timeoutMs + rng.between(0, LATE_MS_MAX)
  if (life.over) return new Promise(() => undefined)
  return life.hears(
    new Promise<T>((done, fail) => {
      const disarm = clock.after(asked.timeoutMs, () =>
        refuse(
          new EngineError('DockerTimeoutError', `timed out after waiting ${asked.timeoutMs}ms`),
        ),
      )
      const generation = engine.generation
      const happen = (): void => {
        if (!engine.isUp || engine.generation !== generation || fails)
          return refuse(new EngineError(asked.error, 'EOF'))
        try {
          asked.effect((value) => {
            if (isMute) return refuse(new EngineError(asked.error, 'EOF'))
            disarm()
            done(value)
          }, hangs)
        } catch (error) {
          refuse(error as EngineError)
        }
      }
      const free = asked.occupies === undefined ? () => {} : engine.occupy(asked.occupies)
      const comeAbout = (): void => {
        happen()
        free()
      }
      if (hangs) engine.hold(lateMs, comeAbout)
      else clock.after(usualMs, comeAbout)

      function refuse(error: EngineError): void {
        disarm()
        if (BRINGS_TO_LIFE.has(asked.error) && !/pull access denied/.test(error.message)) failed()
        fail(error)
      }
    }),
  )
}

/** The event stream: it ends with the daemon and comes back with it. */
function watch(
  engine: SimEngine,
  labels: Readonly<Record<string, string>>,
  listener: (event: EngineEvent) => void,
): () => void {
  listener({ type: engine.isUp ? 'connected' : 'lost' })
  return engine.listen((container) => {
    if (!container) listener({ type: engine.isUp ? 'connected' : 'lost' })
    else if (engine.isUp && carries(container, labels))
      listener({ type: 'changed', containerId: container.id })
  })
}

function carries({ labels: own }: Observed, labels: Readonly<Record<string, string>>): boolean {
  return Object.entries(labels).every(([name, value]) => own[name] === value)
}
