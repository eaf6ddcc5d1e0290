/** What a task may use altogether; what is absent is not limited. */
export type TaskLimits = {
  /** With a fraction. */
  readonly vcpus?: number | undefined
  readonly memoryMiB?: number | undefined
  /** Processes and threads. */
  readonly pids?: number | undefined
}

export type HostInfo = {
  /** Whether task groups can be made here. */
  readonly taskGroups: boolean
  /** Whether the image of pause containers can be made. */
  readonly pause: boolean
  /** What this machine, or the control group that the agent lives in, allows; absent where nothing does. */
  readonly memoryLimitBytes?: number | undefined
  /** The kernel's own range for ports that nobody asked for by number. */
  readonly dynamicPorts: PortRange
  /** Which start of this machine it is; absent where the kernel does not say. */
  readonly bootId?: string | undefined
  /** Empty where tasks get none. */
  readonly gpuIds: readonly string[]
}

/** Both ends belong to it. */
export type PortRange = { readonly first: number; readonly last: number }

/** One HTTP request to the agent, its body read whole. */
export type HttpQuestion = {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly body: string
  /** The other side's address; no header can say otherwise. */
  readonly from: string
}
export type HttpAnswer = {
  readonly status: number
  readonly contentType: string
  readonly body: string
}
export type Answerer = (question: HttpQuestion) => Promise<HttpAnswer>

/** The machine under the engine, as the agent needs it. `host/` is a real Linux, the simulation pretends. */
export interface Host {
  info(): Promise<HostInfo>
  /**
   * Makes the control group that all containers of a task share, and gives the name by which they ask the engine for
   * it. One that is there is changed to these limits.
   */
  makeTaskGroup(taskId: string, limits: TaskLimits): Promise<string>
  /** One that is gone is a success; one that still has processes is an error. */
  removeTaskGroup(taskId: string): Promise<void>
  /** A tar archive with a static busybox at its root, for the pause image. */
  pauseArchive(): Promise<Buffer>
  /** Makes an address this machine's own: before that, a question to it would leave the machine. */
  ownAddress(address: string): Promise<void>
  /** Answers HTTP there; port 0 takes any that is free. Rejects where it is taken. */
  listen(
    address: string,
    port: number,
    answerer: Answerer,
  ): Promise<{ readonly port: number; readonly close: () => void }>
  /** Where a path of the machine leads, through links; of what is not there yet, where it would be. */
  realPath(path: string): Promise<string>
  /** Whether nobody has this port just now. */
  isPortFree(port: number, protocol: 'tcp' | 'udp'): Promise<boolean>
}
