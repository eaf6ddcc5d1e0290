/** A task asks that it be not stopped while it is busy: in the name of its own role, as AWS has it. */
import type { AcsRoleCredentials } from '#wire/task.ts'

import { CallFault, type ControlPlane } from '../control-plane.ts'
import type { HttpAnswer, HttpQuestion } from '../host.ts'
import { json } from './answers.ts'

type Speaker = { readonly controlPlane: ControlPlane; readonly role: AcsRoleCredentials }
type Wish = { readonly protectionEnabled: boolean; readonly expiresInMinutes?: number | undefined }

const MEMBERS = new Set(['ProtectionEnabled', 'ExpiresInMinutes'])

/** `speaker` is absent for a task that has no role. */
export async function protectionAnswer(
  question: HttpQuestion,
  taskArn: string,
  cluster: string,
  speaker: Speaker | undefined,
): Promise<HttpAnswer> {
  const refuse = (status: number, code: string, message: string): HttpAnswer =>
    json(status, { error: { Arn: taskArn, Code: code, Message: message } })
  const { method } = question
  if (method !== 'GET' && method !== 'PUT')
    return refuse(405, 'InvalidParameterException', 'only GET and PUT are answered')
  const wish = method === 'PUT' ? readWish(question.body) : undefined
  if (typeof wish === 'string') return refuse(400, 'InvalidParameterException', wish)
  if (!speaker)
    return refuse(
      403,
      'AccessDeniedException',
      'Invalid Request: no task IAM role credentials available for task',
    )
  try {
    const { controlPlane, role } = speaker
    const { protectedTasks, failures } = await controlPlane.taskProtection(
      { cluster, tasks: [taskArn], ...wish },
      role,
    )
    const [failure] = failures
    if (failure)
      return json(200, {
        failure: { Arn: taskArn, Reason: failure.reason, Detail: failure.detail },
      })
    const [found] = protectedTasks
    return json(200, {
      protection: {
        ProtectionEnabled: found?.protectionEnabled ?? false,
        ExpirationDate: expiration(found?.expirationDate),
        TaskArn: taskArn,
      },
    })
  } catch (error) {
    if (error instanceof CallFault) return refuse(400, error.code, error.message)
    return refuse(500, 'ServerException', 'the control plane did not answer')
  }
}

/** What is asked for, or what is wrong with it. */
function readWish(body: string): Wish | string {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    value = undefined
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return 'UpdateTaskProtection: failed to decode request'
  const unknown = Object.keys(value).find((member) => !MEMBERS.has(member))
  if (unknown !== undefined) return 'UpdateTaskProtection: failed to decode request'
  const { ProtectionEnabled: protectionEnabled, ExpiresInMinutes: expiresInMinutes } =
    value as Readonly<Record<string, unknown>>
  if (typeof protectionEnabled !== 'boolean')
    return "Invalid request: does not contain 'ProtectionEnabled' field"
  if (expiresInMinutes === undefined || expiresInMinutes === null) return { protectionEnabled }
  return typeof expiresInMinutes === 'number'
    ? { protectionEnabled, expiresInMinutes }
    : 'UpdateTaskProtection: failed to decode request'
}

function expiration(seconds: number | undefined): string | undefined {
  return seconds === undefined ? undefined : new Date(seconds * 1000).toISOString()
}
