/** Members of requests about services that nothing would act on yet: refused by name. */
import type { CreateServiceRequest, UpdateServiceRequest } from '#contract/ecs.ts'

import { isSaid } from '../meant.ts'
import { unavailable } from '../names/names.ts'
import type { UnbuiltName } from '../unbuilt.ts'

type Request = Partial<Omit<CreateServiceRequest & UpdateServiceRequest, 'service' | 'serviceName'>>

/** Empty lists and what is switched off ask for nothing, and are accepted. */
export function refuseUnbuilt(input: Request): void {
  const asked: Partial<Record<UnbuiltName, boolean>> = {
    capacityProviderStrategy: isSaid(input.capacityProviderStrategy),
    enableExecuteCommand: input.enableExecuteCommand === true,
    gatewayConnectors: isSaid(input.gatewayConnectors),
    loadBalancers: isSaid(input.loadBalancers),
    monitoring: isSaid(input.monitoring?.metricConfigurations),
    platformVersion: isSaid(input.platformVersion),
    role: isSaid(input.role),
    serviceConnectConfiguration: asksForConnect(input.serviceConnectConfiguration),
    serviceRegistries: isSaid(input.serviceRegistries),
    volumeConfigurations: isSaid(input.volumeConfigurations),
    vpcLatticeConfigurations: isSaid(input.vpcLatticeConfigurations),
  }
  for (const [name, isAsked] of Object.entries(asked))
    if (isAsked) throw unavailable(name as UnbuiltName)
}

/** Switched off it may stand there with nothing else, which would be lost. */
const asksForConnect = ({ enabled = false, ...more }: ConnectConfiguration = {}): boolean =>
  enabled || Object.values(more).some(isSaid)
type ConnectConfiguration = Partial<NonNullable<Request['serviceConnectConfiguration']>>
