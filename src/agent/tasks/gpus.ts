import { list, object, text } from '#wire/read.ts'
/** Which GPUs of the host a container was given. */
import type { AcsTask } from '#wire/task.ts'

const readAssociation = object({}, { type: text, name: text, containers: list(text) })

/** The ids of the devices, as the control plane assigned them; no two tasks have the same one. */
export function gpusOf({ associations = [] }: AcsTask, containerName: string): readonly string[] {
  return associations.flatMap((association) => {
    const { type, name, containers = [] } = readAssociation(association, 'association')
    return type === 'gpu' && name && containers.includes(containerName) ? [name] : []
  })
}
