/** What may stand where a task names its roles: a full ARN, or a role's name in the caller's account. */
import { clientException } from '../names/names.ts'

const ARN = /^arn:aws[a-z-]*:iam::\d{12}:role\/([!-~]{1,511}\/)?[\w+=,.@-]{1,64}$/
const NAME = /^[\w+=,.@-]{1,64}$/

type Roles = {
  readonly taskRoleArn?: string | undefined
  readonly executionRoleArn?: string | undefined
}

/** Whether the roles are there is asked when something takes them; here they must be able to be some. */
export function checkRoles({ taskRoleArn, executionRoleArn }: Roles): void {
  for (const role of [taskRoleArn, executionRoleArn])
    if (role !== undefined && !ARN.test(role) && !NAME.test(role))
      throw clientException('Role is not valid')
}
