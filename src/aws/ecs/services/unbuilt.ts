/** Members of requests about services that nothing would act on yet: refused by name. */
import type { CreateServiceRequest, UpdateServiceRequest } from '#contract/ecs.ts'

import { unavailable } from '../names.ts'

type Request = Partial<Omit<CreateServiceRequest & UpdateServiceRequest, 'service' | 'serviceName'>>

/** Empty lists and what is switched off ask for nothing, and are accepted. */
export function refuseUnbuilt(input: Request): void {
  const asked: Readonly<Record<string, boolean>> = {
    capacityProviderStrategy: isFilled(input.capacityProviderStrategy),
    enableExecuteCommand: input.enableExecuteCommand === true,
    gatewayConnectors: isFilled(input.gatewayConnectors),
    loadBalancers: isFilled(input.loadBalancers),
    monitoring: isFilled(input.monitoring?.metricConfigurations),
    platformVersion: input.platformVersion !== undefined,
    role: input.role !== undefined,
    serviceConnectConfiguration: asksForConnect(input.serviceConnectConfiguration),
    serviceRegistries: isFilled(input.serviceRegistries),
    volumeConfigurations: isFilled(input.volumeConfigurations),
    vpcLatticeConfigurations: isFilled(input.vpcLatticeConfigurations),
  }
  for (const [name, isAsked] of Object.entries(asked)) if (isAsked) throw unavailable(name)
}

/** Switched off it may stand there with nothing else, which would be lost. */
const asksForConnect = ({ enabled = false, ...more }: ConnectConfiguration = {}): boolean =>
  enabled || Object.values(more).some((value) => value !== undefined)
type ConnectConfiguration = Partial<NonNullable<Request['serviceConnectConfiguration']>>

const isFilled = (list: readonly unknown[] | undefined): boolean => (list?.length ?? 0) > 0
