import type { DeleteAccountSettingRequest, DeleteAccountSettingResponse } from '#contract/ecs.ts'
import type { Operation } from '#room/operation.ts'

import { anyResource } from '../access.ts'
import { accountSettings } from '../records/records.ts'
import { checkSettingName, effectiveSetting, settingKey, settingPrincipal } from '../settings.ts'

export const DeleteAccountSetting: Operation<
  DeleteAccountSettingRequest,
  DeleteAccountSettingResponse
> = {
  access: anyResource,
  run(tx, { name, principalArn }, { caller }) {
    checkSettingName(name)
    const principal = settingPrincipal(caller, principalArn)
    tx.delete(accountSettings, settingKey(caller, principal, name))
    return {
      setting: {
        name,
        value: effectiveSetting(tx, caller, name),
        principalArn: principal,
        type: 'user',
      },
    }
  },
}
