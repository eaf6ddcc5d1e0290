/** What the Engine answers, as far as the agent reads it; members that a version lacks are absent. */
export type VersionAnswer = {
  readonly Version?: string
  readonly ApiVersion?: string
  readonly MinAPIVersion?: string
}
export type InfoAnswer = {
  readonly NCPU?: number
  readonly MemTotal?: number
  readonly CgroupDriver?: string
  readonly CgroupVersion?: string
  readonly Plugins?: { readonly Log?: readonly string[]; readonly Volume?: readonly string[] }
}
export type ImageAnswer = {
  readonly Id?: string
  readonly RepoTags?: readonly string[] | null
  readonly RepoDigests?: readonly string[] | null
  readonly Config?: {
    readonly Labels?: Readonly<Record<string, string>> | null
    readonly Env?: readonly string[] | null
  } | null
}
export type VolumeAnswer = {
  readonly Labels?: Readonly<Record<string, string>> | null
  readonly Options?: Readonly<Record<string, string>> | null
}
export type VolumesAnswer = { readonly Volumes?: readonly { readonly Name: string }[] | null }
export type PortBinding = { readonly HostIp?: string; readonly HostPort?: string }
export type InspectAnswer = {
  readonly Id: string
  readonly Name?: string
  readonly Created?: string
  readonly Image?: string
  readonly LogPath?: string
  readonly HostConfig?: {
    readonly LogConfig?: {
      readonly Type?: string
      readonly Config?: Readonly<Record<string, string>> | null
    }
  }
  readonly Mounts?:
    | readonly { readonly Name?: string; readonly Source?: string; readonly Destination?: string }[]
    | null
  readonly Config?: { readonly Labels?: Readonly<Record<string, string>> | null }
  readonly State?: {
    readonly Status?: string
    readonly Running?: boolean
    readonly ExitCode?: number
    readonly OOMKilled?: boolean
    readonly Error?: string
    readonly StartedAt?: string
    readonly FinishedAt?: string
    readonly Health?: {
      readonly Status?: string
      readonly Log?: readonly { readonly Output?: string; readonly End?: string }[] | null
    }
  }
  readonly NetworkSettings?: {
    readonly Ports?: Readonly<Record<string, readonly PortBinding[] | null>> | null
    readonly Networks?: Readonly<Record<string, { readonly IPAddress?: string }>> | null
  }
}
export type StatsAnswer = {
  readonly cpu_stats?: { readonly cpu_usage?: { readonly total_usage?: number } }
  readonly memory_stats?: {
    readonly usage?: number
    readonly stats?: Readonly<Record<string, number>>
  }
  readonly networks?: Readonly<Record<string, Readonly<Record<string, number>>>>
  readonly blkio_stats?: {
    readonly io_service_bytes_recursive?:
      | readonly { readonly op?: string; readonly value?: number }[]
      | null
  }
}
