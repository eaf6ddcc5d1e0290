import type {
  ListAccountSettingsRequest,
  ListAccountSettingsResponse,
  Setting,
} from '#contract/ecs.ts'
import { page } from '#kernel/page.ts'
import type { Operation } from '#room/operation.ts'

import { anyResource } from '../access.ts'
import { invalidParameter, scopeOf } from '../names/names.ts'
import { accountSettings } from '../records/records.ts'
import { checkSettingName, DEFAULTS, effectiveSetting, settingPrincipal } from '../settings.ts'

const SETTINGS_PAGE_LIMIT = 10

/** The settings that somebody made; with `effectiveSettings`, what holds for the caller, defaults included. */
export const ListAccountSettings: Operation<
  ListAccountSettingsRequest,
  ListAccountSettingsResponse
> = {
  access: anyResource,
  run(tx, input, { caller }) {
    const { name, value, principalArn, effectiveSettings = false, nextToken, maxResults } = input
    if (value !== undefined && name === undefined)
      throw invalidParameter('name must be specified when value is.')
    if (name !== undefined) checkSettingName(name)
    const principal = settingPrincipal(caller, principalArn)
    const settings = effectiveSettings
      ? Object.keys(DEFAULTS).map((one) => ({
          name: one,
          value: effectiveSetting(tx, caller, one),
        }))
      : [...tx.scan(accountSettings, { prefix: `${scopeOf(caller)}/${principal}/` })].map(
          ({ row }) => row,
        )
    const matching = settings
      .filter(
        (one) =>
          (name === undefined || one.name === name) && (value === undefined || one.value === value),
      )
      .map((one) => ({ at: one.name, setting: shown(one, principal) }))
      .sort((a, b) => (a.at < b.at ? -1 : 1))
    const question = `${scopeOf(caller)} settings ${principal} ${name ?? ''} ${value ?? ''} ${effectiveSettings}`
    const ask = { nextToken, maxResults, limit: SETTINGS_PAGE_LIMIT, question }
    const { items, nextToken: next } = page(ask, (after) =>
      matching.filter(({ at }) => after === undefined || at > after),
    )
    return { settings: items.map(({ setting }) => setting), nextToken: next }
  },
}

const shown = (
  setting: { readonly name: string; readonly value: string },
  principal: string,
): Setting => ({
  name: setting.name as 'containerInsights',
  value: setting.value,
  principalArn: principal,
  type: 'user',
})
