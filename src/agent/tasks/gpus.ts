/** What of the host a container was given for itself alone: GPUs are all there is. */
import { list, object, type Read, text } from '#wire/read.ts'
import type { AcsTask } from '#wire/task.ts'

const readAssociation = object(
  {},
  { type: text, name: text, containers: list(text), content: object({}, { value: text }) },
)

/** The associations of a type that a container has. */
export function associationsOf(
  { associations = [] }: AcsTask,
  containerName: string,
  type: string | undefined,
): readonly Read<typeof readAssociation>[] {
  return associations
    .map((association) => readAssociation(association, 'association'))
    .filter((one) => one.type === type && one.containers?.includes(containerName))
}

/** The ids of the devices, as the control plane assigned them; no two tasks have the same one. */
export const gpusOf = (task: AcsTask, containerName: string): readonly string[] =>
  associationsOf(task, containerName, 'gpu').flatMap(({ name }) => (name ? [name] : []))
