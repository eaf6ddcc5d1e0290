/** What services are refused, in AWS's words where AWS publishes them. */
import assert from 'node:assert/strict'
import { before, test } from 'node:test'

import { type Answer, faultOf, House } from '#server/house.fixture.ts'

const INVALID = 'InvalidParameterException: '
const LATER = `${INVALID}This parameter is not available in this release of Berth: `
const BASE = { serviceName: 'new', taskDefinition: 'web', desiredCount: 1 }
const DAEMON = { schedulingStrategy: 'DAEMON', desiredCount: undefined }
const EXTERNAL = {
  taskDefinition: undefined,
  desiredCount: undefined,
  deploymentController: { type: 'EXTERNAL' },
}
const rolling = (deploymentConfiguration: object) => ({ deploymentConfiguration })
const hook = (more: object) =>
  rolling({ lifecycleHooks: [{ targetType: 'PAUSE', lifecycleStages: ['PRE_SCALE_UP'], ...more }] })
const breaker = (type: string, value: number) =>
  rolling({
    deploymentCircuitBreaker: {
      enable: true,
      rollback: false,
      thresholdConfiguration: { type, value },
    },
  })
const spread = (field: string) => ({ placementStrategy: [{ type: 'spread', field }] })
const distinct = (count: number) => ({
  placementConstraints: Array.from({ length: count }, () => ({ type: 'distinctInstance' })),
})
const network = {
  networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-1'] } },
}

let house: House
before(async () => {
  house = await House.open()
  await house.call('CreateCluster')
  const containerDefinitions = [{ name: 'app', image: 'app:1', cpu: 64, memory: 64 }]
  await house.call('RegisterTaskDefinition', { family: 'web', containerDefinitions })
  await house.call('RegisterTaskDefinition', {
    family: 'net',
    networkMode: 'awsvpc',
    containerDefinitions,
  })
  await house.call('CreateService', { ...BASE, serviceName: 'web' })
  await house.call('CreateService', { ...BASE, ...DAEMON, serviceName: 'daemon' })
  await house.call('CreateService', { ...BASE, ...EXTERNAL, serviceName: 'ext' })
})

/** Members that later releases act on: in CreateService and UpdateService alike. */
const later: readonly (readonly [object, string])[] = [
  [{ capacityProviderStrategy: [{ capacityProvider: 'a' }] }, 'capacityProviderStrategy'],
  [{ enableExecuteCommand: true }, 'enableExecuteCommand'],
  [{ gatewayConnectors: [{}] }, 'gatewayConnectors'],
  [{ loadBalancers: [{ targetGroupArn: 'a' }] }, 'loadBalancers'],
  [{ monitoring: { metricConfigurations: [{}] } }, 'monitoring'],
  [{ platformVersion: 'LATEST' }, 'platformVersion'],
  [{ serviceConnectConfiguration: { enabled: true } }, 'serviceConnectConfiguration'],
  [
    { serviceConnectConfiguration: { enabled: false, namespace: 'n' } },
    'serviceConnectConfiguration',
  ],
  [{ serviceRegistries: [{ registryArn: 'a' }] }, 'serviceRegistries'],
  [{ volumeConfigurations: [{ name: 'a' }] }, 'volumeConfigurations'],
  [{ vpcLatticeConfigurations: [{}] }, 'vpcLatticeConfigurations'],
  [rolling({ strategy: 'BLUE_GREEN' }), 'deploymentConfiguration.strategy BLUE_GREEN'],
  [rolling({ strategy: 'LINEAR' }), 'deploymentConfiguration.strategy LINEAR'],
  [rolling({ strategy: 'CANARY' }), 'deploymentConfiguration.strategy CANARY'],
  [
    rolling({ linearConfiguration: { stepPercent: 10 } }),
    'deploymentConfiguration.linearConfiguration',
  ],
  [
    rolling({ canaryConfiguration: { canaryPercent: 10 } }),
    'deploymentConfiguration.canaryConfiguration',
  ],
  [
    rolling({ earlySuccessCriteria: { enable: true } }),
    'deploymentConfiguration.earlySuccessCriteria',
  ],
  [
    rolling({ alarms: { alarmNames: ['a'], enable: true, rollback: true } }),
    'deploymentConfiguration.alarms',
  ],
  [
    hook({ targetType: undefined, hookTargetArn: 'a' }),
    'deploymentConfiguration.lifecycleHooks.targetType AWS_LAMBDA',
  ],
  [{ deploymentController: { type: 'CODE_DEPLOY' } }, 'deploymentController.type CODE_DEPLOY'],
]

test('what later releases act on is refused by its name', async () => {
  for (const [more, name] of later)
    for (const call of [
      house.call('CreateService', { ...BASE, ...more }),
      house.call('UpdateService', { service: 'web', ...more }),
    ])
      assert.equal(await faultOf(call), `${LATER}${name}.`)
  for (const [operation, more, name] of [
    ['CreateService', { role: 'r' }, 'role'],
    ['UpdateService', { deploymentController: { type: 'EXTERNAL' } }, 'deploymentController'],
  ] as const)
    assert.equal(
      await faultOf(house.call(operation, { ...BASE, service: 'web', ...more })),
      `${LATER}${name}.`,
    )
})

const ZONES =
  "The service couldn't be created because Availability Zone Rebalancing does not support "
const ENABLED = { availabilityZoneRebalancing: 'ENABLED' }

/** Of CreateService: the whole text, or its beginning. */
const refused: readonly (readonly [object, string])[] = [
  [{ serviceName: 'a b' }, 'Invalid service name.'],
  [{ taskDefinition: undefined }, 'TaskDefinition can not be blank.'],
  [{ clientToken: 'x'.repeat(37) }, 'clientToken must be'],
  [{ desiredCount: undefined }, 'The replica scheduling strategy requires a desired count'],
  [{ desiredCount: -1 }, 'desiredCount must be between 0 and 5000.'],
  [{ desiredCount: 5001 }, 'desiredCount must be between 0 and 5000.'],
  [{ schedulingStrategy: 'X' }, 'schedulingStrategy should be one of [REPLICA,DAEMON].'],
  [
    { ...DAEMON, desiredCount: 1 },
    'The daemon scheduling strategy does not support a desired count for services. Remove the desired count value and try again',
  ],
  [
    { ...DAEMON, ...rolling({ maximumPercent: 200 }) },
    'The daemon scheduling strategy does not support values above 100 for maximumPercent.',
  ],
  [
    { ...DAEMON, ...spread('instanceId') },
    'The daemon scheduling strategy does not support placement strategies.',
  ],
  [
    { ...EXTERNAL, ...DAEMON },
    'The daemon scheduling strategy does not support the EXTERNAL deployment controller.',
  ],
  [
    rolling({ maximumPercent: 100, minimumHealthyPercent: 100 }),
    'Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments.',
  ],
  [rolling({ maximumPercent: 99 }), 'maximumPercent must be between 100 and'],
  [rolling({ minimumHealthyPercent: 101 }), 'minimumHealthyPercent must be between 0 and 100.'],
  [rolling({ bakeTimeInMinutes: 1441 }), 'bakeTimeInMinutes must be between 0 and 1440.'],
  [rolling({ strategy: 'X' }), 'strategy should be one of'],
  [breaker('COUNT', 0), 'thresholdConfiguration.value must be between 1 and 5000.'],
  [breaker('BOUNDED_PERCENT', 101), 'thresholdConfiguration.value must be between 1 and 100.'],
  [breaker('X', 1), 'type should be one of'],
  [hook({ lifecycleStages: [] }), 'lifecycleStages must be specified'],
  [hook({ lifecycleStages: ['X'] }), 'lifecycleStages should be one of'],
  [
    hook({ lifecycleStages: ['PRODUCTION_TRAFFIC_SHIFT'] }),
    'PAUSE hooks cannot be configured at the PRODUCTION_TRAFFIC_SHIFT stage.',
  ],
  [
    hook({ lifecycleStages: ['PRE_PRODUCTION_TRAFFIC_SHIFT'] }),
    'The ROLLING deployment strategy does not have the PRE_PRODUCTION_TRAFFIC_SHIFT stage.',
  ],
  [hook({ hookTargetArn: 'a' }), 'hookTargetArn is not applicable for PAUSE lifecycle hooks.'],
  [hook({ timeoutConfiguration: { timeoutInMinutes: 20_161 } }), 'timeoutInMinutes must be'],
  [hook({ timeoutConfiguration: { action: 'X' } }), 'action should be one of'],
  [{ healthCheckGracePeriodSeconds: 2 ** 31 }, 'healthCheckGracePeriodSeconds must be between'],
  [{ propagateTags: 'X' }, 'propagateTags should be one of'],
  [{ launchType: 'FARGATE' }, 'Task definition does not support launch_type FARGATE.'],
  [{ launchType: 'X' }, 'Invalid launch type: X.'],
  [network, 'Network Configuration is not valid for the given networkMode'],
  [{ taskDefinition: 'net' }, "Network Configuration must be provided when networkMode 'awsvpc'"],
  [
    {
      taskDefinition: 'net',
      networkConfiguration: { awsvpcConfiguration: { subnets: ['s'], assignPublicIp: 'ENABLED' } },
    },
    'Assign public IP is not supported for this launch type.',
  ],
  [distinct(11), 'A task can have at most 10 placement constraints.'],
  [
    { placementStrategy: Array.from({ length: 6 }, () => ({ type: 'random' })) },
    'A task can have at most 5 placement strategies.',
  ],
  [{ ...ENABLED, ...DAEMON }, `${ZONES}DAEMON services.`],
  [{ ...ENABLED, ...EXTERNAL }, `${ZONES}the EXTERNAL deployment controller.`],
  [{ ...ENABLED, launchType: 'EXTERNAL' }, `${ZONES}the EXTERNAL launch type.`],
  [
    { ...ENABLED, ...rolling({ maximumPercent: 100, minimumHealthyPercent: 0 }) },
    `${ZONES}maximumPercent <= 100 % as deployment configuration.`,
  ],
  [{ ...ENABLED, ...spread('instanceId') }, `${ZONES}a first placement strategy other than`],
  [
    {
      ...ENABLED,
      placementConstraints: [
        { type: 'memberOf', expression: 'attribute:ecs.availability-zone == a' },
      ],
    },
    `${ZONES}placement constraints by attribute:ecs.availability-zone.`,
  ],
  [{ ...EXTERNAL, taskDefinition: 'web' }, 'taskDefinition cannot be specified for services'],
  [{ ...EXTERNAL, launchType: 'EC2' }, 'launchType cannot be specified for services'],
  [{ ...EXTERNAL, ...network }, 'networkConfiguration cannot be specified for services'],
  [
    { ...EXTERNAL, ...rolling({ maximumPercent: 150 }) },
    'Services with an EXTERNAL deployment controller and the EC2 launch type do not support custom',
  ],
  [
    { ...EXTERNAL, ...rolling({ bakeTimeInMinutes: 5 }) },
    'Services with an EXTERNAL deployment controller do not support bakeTimeInMinutes.',
  ],
  [
    { ...EXTERNAL, ...hook({}) },
    'Services with an EXTERNAL deployment controller do not support lifecycleHooks.',
  ],
  [
    { ...EXTERNAL, ...breaker('COUNT', 1) },
    'The deployment circuit breaker can only be used for services using the rolling update (ECS)',
  ],
]

test('what a new service is refused; nothing of it is left', async () => {
  for (const [more, text] of refused) {
    const told = await faultOf(house.call('CreateService', { ...BASE, ...more }))
    assert.equal(told.slice(0, INVALID.length + text.length), `${INVALID}${text}`)
  }
  assert.equal(
    await faultOf(house.call('CreateService', { ...BASE, taskDefinition: 'none' })),
    'ClientException: TaskDefinition not found.',
  )
  assert.equal(
    await faultOf(house.call('CreateService', { ...BASE, cluster: 'none' })),
    'ClusterNotFoundException: Cluster not found.',
  )
  const { failures } = await house.call('DescribeServices', { services: ['new'] })
  assert.equal(failures.length, 1)
})

test('what cannot be rebalanced is not, unless it was asked for', async () => {
  for (const [name, more] of [
    ['external', { launchType: 'EXTERNAL' }],
    ['full', rolling({ maximumPercent: 100, minimumHealthyPercent: 0 })],
    ['spread', spread('instanceId')],
  ] as const) {
    const { service } = await house.call('CreateService', { ...BASE, serviceName: name, ...more })
    assert.equal(service.availabilityZoneRebalancing, 'DISABLED', name)
  }
})

test('what a service cannot be changed to', async () => {
  const update = (service: string, more: object): Promise<Answer> =>
    house.call('UpdateService', { service, ...more })
  const external = (what: string) =>
    `Unable to ${what} on services with an EXTERNAL deployment controller. Use task sets to trigger a new deployment.`
  for (const [service, more, text] of [
    [
      'web',
      rolling({ maximumPercent: 100, minimumHealthyPercent: 0 }),
      "The service couldn't be updated because Availability Zone Rebalancing does not support maximumPercent <= 100 % as deployment configuration.",
    ],
    [
      'web',
      { taskDefinition: 'net' },
      "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
    ],
    [
      'daemon',
      { desiredCount: 1 },
      'The daemon scheduling strategy does not support a desired count for services. Remove the desired count value and try again',
    ],
    ['ext', { taskDefinition: 'web' }, external('update task definition')],
    ['ext', network, external('update network parameters')],
    ['ext', { forceNewDeployment: true }, external('force a new deployment')],
  ] as const)
    assert.equal(await faultOf(update(service, more)), `${INVALID}${text}`)
})
