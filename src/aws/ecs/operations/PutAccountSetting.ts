import type { PutAccountSettingRequest, PutAccountSettingResponse } from '#contract/ecs.ts'
import type { Operation } from '#room/operation.ts'

import { anyResource } from '../access.ts'
import { accountSettings } from '../records/records.ts'
import { checkSetting, settingKey, settingPrincipal } from '../settings.ts'

export const PutAccountSetting: Operation<PutAccountSettingRequest, PutAccountSettingResponse> = {
  access: anyResource,
  run(tx, { name, value, principalArn }, { caller }) {
    checkSetting(name, value)
    const principal = settingPrincipal(caller, principalArn)
    tx.put(accountSettings, settingKey(caller, principal, name), {
      name,
      value,
      principalArn: principal,
    })
    return { setting: { name, value, principalArn: principal, type: 'user' } }
  },
}
