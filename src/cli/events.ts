/** `berth events`: the stream of what happened, as JSON lines: AWS's events, each with its number in the stream. */
import { ask } from './admin-client.ts'
import { dataDirectory } from './paths.ts'

type Events = {
  readonly events: readonly { readonly number: number; readonly event: object }[]
  readonly reached: number
  readonly missed?: true
}

/** With `cursor`, from where whoever used this name stopped; with `follow`, until the server or the reader ends. */
export async function events(options: {
  readonly data?: string
  readonly after?: number
  readonly cursor?: string
  readonly follow: boolean
}): Promise<void> {
  const data = dataDirectory(options.data)
  const { cursor, follow: wait } = options
  let { after } = options
  for (;;) {
    const answer = await ask<Events>(data, '/events', { after, cursor, wait })
    if (answer.missed) console.error('berth: some events before these are kept no more')
    for (const { number, event } of answer.events) console.log(JSON.stringify({ number, ...event }))
    if (answer.events.length === 0 && !wait) return
    after = answer.reached
  }
}
