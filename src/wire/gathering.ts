/** What can be told to keep what is written to it, and to let it go in one piece. */
type Stream = { cork(): void; uncork(): void }

/** Frames that are sent in one turn leave together: handing them to the kernel costs more than all else of a small one. */
export function gathering(stream: Stream): (send: () => void) => void {
  let isCorked = false
  return (send) => {
    if (!isCorked) {
      isCorked = true
      stream.cork()
      queueMicrotask(() => {
        isCorked = false
        stream.uncork()
      })
    }
    send()
  }
}
