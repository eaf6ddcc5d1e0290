import type {
  PutAccountSettingDefaultRequest,
  PutAccountSettingDefaultResponse,
} from '#contract/ecs.ts'
import { principalArn } from '#kernel/principal.ts'
import type { Operation } from '#room/operation.ts'

import { anyResource } from '../access.ts'
import { accountSettings } from '../records/records.ts'
import { checkSetting, DEFAULT_PRINCIPAL, settingKey } from '../settings.ts'

/** The setting of everybody in the account who has no setting of their own. */
export const PutAccountSettingDefault: Operation<
  PutAccountSettingDefaultRequest,
  PutAccountSettingDefaultResponse
> = {
  access: anyResource,
  run(tx, { name, value }, { caller }) {
    checkSetting(name, value)
    const root = principalArn({ type: 'root', accountId: caller.accountId })
    const key = settingKey(caller, DEFAULT_PRINCIPAL, name)
    tx.put(accountSettings, key, { name, value, principalArn: root })
    return { setting: { name, value, principalArn: root, type: 'user' } }
  },
}
