/**
 * Capabilities that an agent may have and this control plane does not serve yet: it has no credentials to hand out, no
 * task network to make, no registry to log in to. A task that needs one is refused by its name, whatever agent joined.
 */
const UNBUILT: readonly RegExp[] = [
  /\.task-iam-role(-network-host)?$/,
  /\.ecr-auth$/,
  /\.execution-role-/,
  /\.logging-driver\.awsfirelens$/,
  /\.task-eni/,
  /\.secrets\./,
  /\.private-registry-authentication\./,
  /\.env-files\./,
  /\.firelens\./,
  /\.efs(Auth)?$/,
  /\.storage\./,
  /\.fsxWindowsFileServer$/,
  /\.gmsa/,
  /\.(aws-appmesh|task-eia|fault-injection|neuron-device|gpu-sharing)$/,
]

export const isUnbuilt = (attribute: string): boolean =>
  UNBUILT.some((pattern) => pattern.test(attribute))
