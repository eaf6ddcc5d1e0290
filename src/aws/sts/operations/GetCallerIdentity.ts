import type { GetCallerIdentityRequest, GetCallerIdentityResponse } from '#contract/sts.ts'
import { principalArn } from '#kernel/principal.ts'
import type { Operation } from '#room/operation.ts'

/** Who the caller's key belongs to. Everybody may ask it of themselves. */
export const GetCallerIdentity: Operation<GetCallerIdentityRequest, GetCallerIdentityResponse> = {
  access: () => [{ resources: ['*'] }],
  run: (_tx, _input, { caller: { principal, accountId } }) => ({
    Account: accountId,
    Arn: principalArn(principal),
    UserId: principal.type === 'host' ? principal.hostId : accountId,
  }),
}
