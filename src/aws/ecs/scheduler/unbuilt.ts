/**
 * Capabilities that an agent may have and this control plane does not serve yet: it has no credentials to hand out, no
 * task network to make, no registry to log in to. A task that needs one is refused by its name, whatever agent joined,
 * and by the member of the task definition that asks for it.
 */
import type { Need } from '../definitions/need.ts'

const UNBUILT: readonly (readonly [capability: RegExp, member: string])[] = [
  [/\.task-iam-role(-network-host)?$/, 'taskRoleArn'],
  [/\.ecr-auth$/, 'image (in Amazon ECR)'],
  [/\.execution-role-/, 'executionRoleArn'],
  [/\.logging-driver\.awsfirelens$/, 'logConfiguration.logDriver awsfirelens'],
  [/\.task-eni/, 'networkMode awsvpc'],
  [/\.secrets\..*\.bootstrap\./, 'logConfiguration.secretOptions'],
  [/\.secrets\./, 'secrets'],
  [/\.private-registry-authentication\./, 'repositoryCredentials'],
  [/\.env-files\./, 'environmentFiles'],
  [/\.firelens\./, 'firelensConfiguration'],
  [/\.efs(Auth)?$/, 'efsVolumeConfiguration'],
  [/\.storage\.ebs/, 'configuredAtLaunch'],
  [/\.storage\./, 's3filesVolumeConfiguration'],
  [/\.fsxWindowsFileServer$/, 'fsxWindowsFileServerVolumeConfiguration'],
  [/\.gmsa/, 'credentialSpecs'],
  [/\.aws-appmesh$/, 'proxyConfiguration'],
  [/\.task-eia$/, 'inferenceAccelerators'],
  [/\.fault-injection$/, 'enableFaultInjection'],
  [/\.neuron-device$/, 'resourceRequirements NeuronDevice'],
  [/\.gpu-sharing$/, 'resourceRequirements.sharingStrategy'],
]

/** The member of a task definition that asks for the capability, where this release does not serve it. */
export const unbuiltMember = (attribute: string): string | undefined =>
  UNBUILT.find(([capability]) => capability.test(attribute))?.[1]

export const isUnbuilt = (attribute: string): boolean => unbuiltMember(attribute) !== undefined

/** All that a task asks for and this release does not serve. */
export const unbuiltMembers = ({
  requiresAttributes,
}: Pick<Need, 'requiresAttributes'>): readonly string[] => [
  ...new Set(requiresAttributes.flatMap(({ name }) => unbuiltMember(name) ?? [])),
]
