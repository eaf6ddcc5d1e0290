/** The registry that an image is pulled from, as the engine reads it from the image's name. Pure. */

const HUB = 'docker.io'
const REGISTRY = /^(?=.*[.:]|localhost$)(?:[\w.-]+|\[[\da-f:.]+\])(?::\d+)?$/i

/** Whether an image can name it: without a dot or a port it would be a folder of Docker Hub's. */
export const isRegistry = (name: string): boolean => REGISTRY.test(name)

export function registryOf(image: string): string {
  const first = image.slice(0, Math.max(0, image.indexOf('/')))
  return /[.:A-Z]/.test(first) || first === 'localhost' ? registryName(first) : HUB
}

/** Docker Hub has two names. */
export function registryName(name: string): string {
  const registry = name.toLowerCase()
  return registry === `index.${HUB}` ? HUB : registry
}
