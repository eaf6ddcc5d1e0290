/**
 * What a request means where it says nothing. Clients of AWS write an empty text for what nobody set: where a member may
 * be absent, an empty one is. In a task definition an empty list is so too; there both are read back as they were written.
 */
import { oncePer } from '#kernel/once-per.ts'

const words = (text: string): readonly string[] => text.trim().split(/\s+/)

/** Members that must be there: an empty one is a fault, which their own rules tell. A value or a key may be empty. */
const MUST_BE: ReadonlySet<string> = new Set(
  words(`
    attachmentArn capacityProvider condition containerInstance containerName containerPath credentialsParameter deviceName
    deviceType domain exact family fileSystemArn fileSystemId format hookId hostname hostPath id ipAddress key logDriver
    managedAgentName name namespace portName primaryTaskSet resourceArn resourceType roleArn rootDirectory service
    serviceDeploymentArn serviceName status targetGroupArn targetType task taskDefinition taskSet type value valueFrom`),
)

/** Where members of these names may be absent all the same: the member's parent and its name. */
const MAY_BE_ABSENT: ReadonlySet<string> = new Set(
  words(`
    CreateService.taskDefinition UpdateService.taskDefinition
    DiscoverPollEndpoint.containerInstance ListTasks.containerInstance ListTasks.family ListTasks.serviceName
    ListAccountSettings.name ListAccountSettings.value ListContainerInstances.status
    ListTaskDefinitionFamilies.status ListTaskDefinitions.status
    SubmitContainerStateChange.containerName SubmitContainerStateChange.status SubmitContainerStateChange.task
    SubmitTaskStateChange.status SubmitTaskStateChange.task containers.containerName containers.status
    containerDefinitions.hostname devices.containerPath efsVolumeConfiguration.rootDirectory mountPoints.containerPath
    portMappings.name s3filesVolumeConfiguration.rootDirectory serviceConnectConfiguration.namespace
    advancedConfiguration.roleArn lifecycleHooks.roleArn lifecycleHooks.targetType tls.roleArn
    loadBalancers.containerName loadBalancers.targetGroupArn serviceRegistries.containerName attributes.targetType
    inferenceAcceleratorOverrides.deviceName inferenceAcceleratorOverrides.deviceType`),
)

/** What is inside is the user's own, or all of it must be there. */
const CLOSED: ReadonlySet<string> = new Set(
  words(`
    containerDefinitions.healthCheck containerDefinitions.dockerLabels dockerVolumeConfiguration.driverOpts
    dockerVolumeConfiguration.labels firelensConfiguration.options logConfiguration.options`),
)
/** Read back as it was written. */
const WRITTEN: ReadonlySet<string> = new Set(['containerDefinitions', 'volumes'])

/** The request without its empty texts, but for those in containers and volumes. */
export const given = <T>(operation: string, input: T): T =>
  without(input, operation, (name, value) => (WRITTEN.has(name) ? 'keep' : isNoText(value)))

/** Whether something was said: what is empty says nothing. */
export const isSaid = (value: unknown): boolean =>
  typeof value === 'object' && value !== null
    ? Object.keys(value).length > 0
    : value !== undefined && value !== ''

/** A task definition without what is empty in it. */
export const meant = <T extends object>(definition: T): T => once(definition) as T
const once = oncePer((definition: object) =>
  without(definition, '', (name, value) => isNoText(value) || isNoList(name, value)),
)

const isNoText = (value: unknown): boolean => value === ''
const isNoList = (name: string, value: unknown): boolean =>
  name !== 'containerDefinitions' && Array.isArray(value) && value.length === 0

type IsNothing = (name: string, value: unknown) => boolean | 'keep'

/** The same object where nothing is left out of it. */
function without<T>(value: T, parent: string, isNothing: IsNothing): T {
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => without(item, parent, isNothing))
    return items.every((item, at) => item === value[at]) ? value : (items as T)
  }
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  const kept: (readonly [string, unknown])[] = []
  let isSame = true
  for (const [name, each] of Object.entries(value)) {
    const nothing = isNothing(name, each)
    const place = `${parent}.${name}`
    const mayBeAbsent = !MUST_BE.has(name) || MAY_BE_ABSENT.has(place)
    if (nothing === true && mayBeAbsent) {
      isSame = false
      continue
    }
    const after =
      nothing === 'keep' || CLOSED.has(place) ? each : (without(each, name, isNothing) as unknown)
    isSame &&= after === each
    kept.push([name, after])
  }
  return isSame ? value : (Object.fromEntries(kept) as T)
}
