/** What of a task's needs this release does not serve, by the member that asks for it. */
import type { Need } from '../definitions/need.ts'
import { UNBUILT_CAPABILITIES } from '../unbuilt.ts'

/** The member of a task definition that asks for the capability, where this release does not serve it. */
export const unbuiltMember = (attribute: string): string | undefined =>
  UNBUILT_CAPABILITIES.find(([capability]) => capability.test(attribute))?.[1]

export const isUnbuilt = (attribute: string): boolean => unbuiltMember(attribute) !== undefined

/** All that a task asks for and this release does not serve. */
export const unbuiltMembers = ({
  requiresAttributes,
}: Pick<Need, 'requiresAttributes'>): readonly string[] => [
  ...new Set(requiresAttributes.flatMap(({ name }) => unbuiltMember(name) ?? [])),
]
