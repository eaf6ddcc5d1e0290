import { jsonCounts } from '#kernel/json-text.ts'

import { FRAME_MAX } from './limits.ts'
import { object, name, anything, WireError, type Reader, type Read } from './read.ts'

/** What every frame of both sockets is: a name and a body. */
export type Frame = { readonly type: string; readonly message: unknown }

/** The messages of one direction of one socket, by their names. */
export type Codec = Readonly<Record<string, Reader<unknown>>>
export type FrameOf<C extends Codec> = {
  [T in keyof C & string]: { readonly type: T; readonly message: Read<C[T]> }
}[keyof C & string]

/**
 * Reads one frame by the codec of its direction. A type that the codec does not have gives `undefined`: both sides
 * ignore what they do not know, so that either may be newer. Anything malformed is a `WireError`.
 */
export function parseFrame<C extends Codec>(
  codec: C,
  text: string,
  bytesMax: number,
): FrameOf<C> | undefined {
  // A character is at least one byte, so the cheap check comes first and no longer text is ever counted.
  if (text.length > bytesMax || byteLength(text) > bytesMax)
    throw new WireError(`frame is larger than ${bytesMax} bytes`)
  const { type, message } = readFrame(parseJson(text), 'frame')
  const read = Object.hasOwn(codec, type) ? codec[type] : undefined
  if (!read) return undefined
  return { type, message: read(message, type) } as FrameOf<C>
}

/** The text of one frame. */
export function formatFrame(frame: Frame): string {
  return JSON.stringify({ type: frame.type, message: frame.message })
}

const readFrame = object({ type: name, message: anything })

function parseJson(text: string): unknown {
  const { depth, values } = jsonCounts(text, FRAME_MAX)
  if (depth > FRAME_MAX.depth || values > FRAME_MAX.values)
    throw new WireError('frame nests too deeply, or has too many values')
  try {
    return JSON.parse(text)
  } catch {
    // The parser's own message quotes the text, which may hold credentials.
    throw new WireError('frame is not JSON')
  }
}

const utf8 = new TextEncoder()
function byteLength(text: string): number {
  return utf8.encode(text).length
}
