/** `berth events`: the stream of what happened, as JSON lines: AWS's events, each with its number in the stream. */
import { ask } from './admin-client.ts'
import { dataDirectory } from './paths.ts'

type Events = { readonly events: readonly { readonly number: number; readonly event: object }[] }

export async function events(options: {
  readonly data?: string
  readonly after: number
}): Promise<void> {
  const data = dataDirectory(options.data)
  let { after } = options
  for (;;) {
    const { events: page } = await ask<Events>(data, '/events', { after })
    for (const { number, event } of page) console.log(JSON.stringify({ number, ...event }))
    const last = page.at(-1)
    if (!last) return
    after = last.number
  }
}
