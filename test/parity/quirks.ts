/** What real clients cannot send or read, by name and with the reason: everything else must come back equal. */
import type { OperationModel } from '#gateway/model.ts'

export type Quirk = { readonly skip: boolean; readonly reason: string }
type Client = 'js' | 'boto3'

/** The quirk of an operation, if it has one. */
export function quirkOf(
  _client: Client,
  _protocol: string,
  _service: string,
  operation: OperationModel,
): Quirk | undefined {
  const streams = [operation.input, operation.output].some((shape) =>
    shape.members.some((member) => member.shape.streaming),
  )
  return streams ? { skip: true, reason: 'a stream: bodies do not stream yet' } : undefined
}
