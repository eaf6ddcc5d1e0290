/** The log groups that a task definition asks to be made: `awslogs-create-group`. */
import { oncePer } from '#kernel/once-per.ts'

import type { Definition } from '../records/records.ts'

export type WantedGroup = { readonly region: string | undefined; readonly logGroupName: string }

export const wantedGroups = oncePer((definition: Definition): readonly WantedGroup[] => {
  const wanted = definition.containerDefinitions.flatMap(({ logConfiguration }): WantedGroup[] => {
    const { 'awslogs-group': logGroupName, ...options } = logConfiguration?.options ?? {}
    const isWanted =
      logConfiguration?.logDriver === 'awslogs' && options['awslogs-create-group'] === 'true'
    return isWanted && logGroupName !== undefined
      ? [{ region: options['awslogs-region'], logGroupName }]
      : []
  })
  return [...new Map(wanted.map((group) => [JSON.stringify(group), group])).values()]
})
