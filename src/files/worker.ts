/** The thread that reads: one for all storages of a process. It begins with the first question and keeps no process alive. */
import { type MessagePort, Worker } from 'node:worker_threads'

/** A storage as that thread knows it: where it is asked from, and where it answers to. */
export type Reader = {
  readonly root: string
  readonly questions: MessagePort
  readonly answers: MessagePort
}

let thread: Worker | undefined
const ends = new Set<(error: Error) => void>()

/** `ended` is told when the thread ends by itself. The function that is given says that nobody reads here any more. */
export function readFor(reader: Reader, ended: (error: Error) => void): () => void {
  ends.add(ended)
  thread ??= begun()
  thread.postMessage(reader, [reader.questions, reader.answers])
  return () => void ends.delete(ended)
}

function begun(): Worker {
  const self = import.meta.url
  const file = self.endsWith('.ts') ? './reading-worker.ts' : './reading-worker.js'
  const worker = new Worker(new URL(file, self))
  worker.on('error', end)
  worker.on('exit', (code) => end(new Error(`the thread that reads logs ended with code ${code}`)))
  worker.unref()
  return worker
}

function end(error: Error): void {
  thread = undefined
  for (const ended of ends) ended(error)
  ends.clear()
}
