/** Account settings: those that act in this build, their defaults, and who they hold for. */
import type { Caller } from '#kernel/principal.ts'
import { principalArn } from '#kernel/principal.ts'
import type { Read } from '#store/store.ts'

import { invalidParameter, scopeOf } from './names/names.ts'
import { accountSettings } from './records/records.ts'
import { unbuilt, type UnbuiltName } from './unbuilt.ts'

/** AWS made the long ARN formats the only ones in 2021: they are always on and cannot be switched off. */
const ALWAYS_ON = ['serviceLongArnFormat', 'taskLongArnFormat', 'containerInstanceLongArnFormat']
/** What each setting is when nobody says anything. */
export const DEFAULTS: Readonly<Record<string, string>> = {
  containerInsights: 'disabled',
  containerInstanceLongArnFormat: 'enabled',
  serviceLongArnFormat: 'enabled',
  taskLongArnFormat: 'enabled',
}
/** Settings of AWS whose subject this build does not have yet. */
const NOT_YET: readonly UnbuiltName[] = [
  'awsvpcTrunking',
  'dualStackIPv6',
  'fargateFIPSMode',
  'fargateTaskRetirementWaitPeriod',
  'fargateEventWindows',
  'tagResourceAuthorization',
  'guardDutyActivate',
  'defaultLogDriverMode',
]
export const DEFAULT_PRINCIPAL = 'default'

export const settingKey = (caller: Caller, principal: string, name: string): string =>
  `${scopeOf(caller)}/${principal}/${name}`

/** What holds for the caller: its own setting, else the account's default, else ECS's. */
export function effectiveSetting(tx: Read, caller: Caller, name: string): string {
  const own = tx.get(accountSettings, settingKey(caller, principalArn(caller.principal), name))
  const ofAccount = tx.get(accountSettings, settingKey(caller, DEFAULT_PRINCIPAL, name))
  return own?.value ?? ofAccount?.value ?? (DEFAULTS[name] as string)
}

const INVALID_VALUE = "Invalid setting 'value'"

/** Refuses names that ECS does not know, and names and values that nothing here would act on. */
export function checkSetting(name: string, value: string): void {
  checkSettingName(name)
  if (ALWAYS_ON.includes(name)) {
    if (value !== 'enabled')
      throw invalidParameter(
        value === 'disabled'
          ? `The setting ${name} cannot be disabled: the long format is the only one.`
          : INVALID_VALUE,
      )
  } else if (value !== 'disabled')
    throw invalidParameter(
      ['enabled', 'enhanced'].includes(value)
        ? `Container Insights is not available in this release of Berth: ${unbuilt(`containerInsights=${value as 'enabled'}`)}.`
        : INVALID_VALUE,
    )
}

export function checkSettingName(name: string): void {
  if (NOT_YET.includes(name as UnbuiltName))
    throw invalidParameter(`This setting is not available in this release of Berth: ${name}.`)
  if (!Object.hasOwn(DEFAULTS, name)) throw invalidParameter(`Invalid setting name: ${name}.`)
}

/** The principal that a setting is for: the caller, or the one named by ARN, or all of the account. */
export function settingPrincipal(caller: Caller, given: string | undefined): string {
  if (given === undefined) return principalArn(caller.principal)
  if (!new RegExp(`^arn:aws:iam::${caller.accountId}:(root|user/.+|role/.+)$`).test(given))
    throw invalidParameter(`Invalid principal ARN: ${given.slice(0, 255)}.`)
  return given
}
