/** AWS's request rates: a bucket of tokens for each kind of ECS call, each account and each region. */
import type { Rate } from '#kernel/token-buckets.ts'
import type { RateLimit } from '#room/operation.ts'

/**
 * Source: "Amazon ECS endpoints and quotas" in the AWS General Reference. The refill of `cluster resource modify` is
 * from memory.
 */
const RATES = {
  'cluster modify': { burst: 20, perSecond: 1 },
  'cluster read': { burst: 50, perSecond: 20 },
  'cluster resource modify': { burst: 100, perSecond: 40 },
  'cluster resource read': { burst: 100, perSecond: 20 },
  'cluster service resource read': { burst: 10, perSecond: 1 },
  'service modify': { burst: 50, perSecond: 5 },
  'service read': { burst: 100, perSecond: 20 },
  'deployment read': { burst: 50, perSecond: 20 },
  'task definition modify': { burst: 20, perSecond: 1 },
  'task definition read': { burst: 50, perSecond: 20 },
  'task definition delete': { burst: 5, perSecond: 1 },
  'capacity provider modify': { burst: 10, perSecond: 1 },
  'capacity provider read': { burst: 50, perSecond: 20 },
  'task set': { burst: 100, perSecond: 20 },
  'tag modify': { burst: 20, perSecond: 10 },
  'tag read': { burst: 50, perSecond: 20 },
  'setting modify': { burst: 10, perSecond: 1 },
  'setting read': { burst: 50, perSecond: 20 },
  'task protection': { burst: 200, perSecond: 80 },
  /** Hosts have a bucket of their own, so that no client can silence them. */
  'agent modify': { burst: 200, perSecond: 120 },
} as const satisfies Readonly<Record<string, Rate>>
type Kind = keyof typeof RATES

const KINDS: Readonly<Record<string, Kind>> = Object.fromEntries(
  (
    [
      [
        'cluster modify',
        'CreateCluster DeleteCluster UpdateCluster UpdateClusterSettings PutClusterCapacityProviders',
      ],
      ['cluster read', 'DescribeClusters ListClusters'],
      [
        'cluster resource modify',
        'RunTask StartTask StopTask DeregisterContainerInstance UpdateContainerInstancesState UpdateContainerAgent PutAttributes DeleteAttributes ExecuteCommand',
      ],
      [
        'cluster resource read',
        'DescribeTasks ListTasks DescribeContainerInstances ListContainerInstances ListAttributes',
      ],
      ['cluster service resource read', 'ListServicesByNamespace'],
      ['service modify', 'CreateService UpdateService DeleteService UpdateServicePrimaryTaskSet'],
      ['service read', 'DescribeServices ListServices'],
      [
        'deployment read',
        'DescribeServiceDeployments ListServiceDeployments DescribeServiceRevisions',
      ],
      ['task definition modify', 'RegisterTaskDefinition DeregisterTaskDefinition'],
      [
        'task definition read',
        'DescribeTaskDefinition ListTaskDefinitions ListTaskDefinitionFamilies',
      ],
      ['task definition delete', 'DeleteTaskDefinitions'],
      [
        'capacity provider modify',
        'CreateCapacityProvider UpdateCapacityProvider DeleteCapacityProvider',
      ],
      ['capacity provider read', 'DescribeCapacityProviders'],
      ['task set', 'CreateTaskSet UpdateTaskSet DeleteTaskSet DescribeTaskSets'],
      ['tag modify', 'TagResource UntagResource'],
      ['tag read', 'ListTagsForResource'],
      ['setting modify', 'PutAccountSetting PutAccountSettingDefault DeleteAccountSetting'],
      ['setting read', 'ListAccountSettings'],
      ['task protection', 'GetTaskProtection UpdateTaskProtection'],
      [
        'agent modify',
        'RegisterContainerInstance DiscoverPollEndpoint SubmitTaskStateChange SubmitContainerStateChange SubmitAttachmentStateChanges',
      ],
    ] as const satisfies readonly (readonly [Kind, string])[]
  ).flatMap(([kind, operations]) => operations.split(' ').map((operation) => [operation, kind])),
)

/** The limit of an operation; none where AWS names none. */
export function rateOf(operation: string): RateLimit | undefined {
  const bucket = KINDS[operation]
  return bucket && { bucket, ...RATES[bucket] }
}
