/** The registry that an image is pulled from, as the engine reads it from the image's name. Pure. */

const HUB = 'docker.io'
const REGISTRY = /^(?=.*[.:]|localhost$)(?:[\w.-]+|\[[\da-f:.]+\])(?::\d+)?$/i

/** Whether an image can name it: without a dot or a port it would be a folder of Docker Hub's. */
export const isRegistry = (name: string): boolean => REGISTRY.test(name)

/** As the engine looks images up that it has: whole, or as far as it is told apart from others. */
const ID = /^(?:sha256:[\da-f]+|[\da-f]{64})$/

/** An id is its own: which registry its image is from cannot be told. */
export function registryOf(image: string): string {
  if (ID.test(image)) return image
  const first = image.slice(0, Math.max(0, image.indexOf('/')))
  return /[.:A-Z]/.test(first) || first === 'localhost' ? registryName(first) : HUB
}

/** Docker Hub has two names. */
export function registryName(name: string): string {
  const registry = name.toLowerCase()
  return registry === `index.${HUB}` ? HUB : registry
}
