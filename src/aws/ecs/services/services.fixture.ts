/** A control plane with a task definition and a cluster without hosts, asked about services. */
import { ACCOUNT, type Answer, House } from '#server/house.fixture.ts'

export const OWN = `arn:aws:ecs:us-east-1:${ACCOUNT}`
const WEB = { serviceName: 'web', taskDefinition: 'web', desiredCount: 2 }
/** Of CreateService: a service whose deployments are task sets. */
export const EXTERNAL = {
  taskDefinition: undefined,
  desiredCount: undefined,
  deploymentController: { type: 'EXTERNAL' },
}

/** Another revision of the task definition `web`. */
export const define = (house: House): Promise<Answer> =>
  house.call('RegisterTaskDefinition', {
    family: 'web',
    containerDefinitions: [{ name: 'app', image: 'app:1', cpu: 64, memory: 64 }],
  })

export async function opened(): Promise<House> {
  const house = await House.open()
  await house.call('CreateCluster')
  await define(house)
  return house
}

export const create = async (house: House, more: object = {}): Promise<Answer> =>
  (await house.call('CreateService', { ...WEB, ...more })).service
export const update = async (house: House, more: object): Promise<Answer> =>
  (await house.call('UpdateService', { service: 'web', ...more })).service
export const describe = async (house: House, name = 'web', more: object = {}): Promise<Answer> =>
  (await house.call('DescribeServices', { services: [name], ...more })).services[0]
