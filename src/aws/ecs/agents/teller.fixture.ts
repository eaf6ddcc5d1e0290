/** The agent's end of telemetry, played by a test: every frame is signed by itself. */
import { sign } from '#agent/sign.ts'
import { createHostKey } from '#aws/iam/host-keys.ts'
import type { Socket } from '#room/conversation.ts'
import type { Keys } from '#room/guard.ts'
import { ACCOUNT, type Answer, type House, REGION, turn } from '#server/house.fixture.ts'
import { SEAL_KEY_BYTES, Sealer } from '#store/seal.ts'
import { tcsUrl } from '#wire/connect.ts'
import { joinSignedFrame } from '#wire/tcs.ts'

export class Teller {
  readonly heard: Answer[] = []
  closed: number | undefined
  readonly #house: House
  readonly #keys: Keys
  readonly #url: string
  #toServer: (text: string) => void = () => undefined
  #onClose: (code: number, reason: string) => void = () => undefined

  constructor(house: House, containerInstance: string, keys: Keys) {
    this.#house = house
    this.#keys = keys
    this.#url = tcsUrl('http://berth.test/tcs/', {
      agentHash: 'abcdef12',
      agentVersion: '1.0.0',
      cluster: 'default',
      containerInstance,
      dockerVersion: '29.0.0',
    })
    const opened = house.conversation('/tcs/ws').open(this.#target, house.caller())
    if (typeof opened !== 'function') throw new Error(opened.body)
    const socket: Socket = {
      waiting: 0,
      send: (text) => void this.heard.push(JSON.parse(text)),
      close: (code) => {
        this.closed = code
        this.#onClose(code, '')
      },
      onMessage: (hear) => void (this.#toServer = hear),
      onClose: (hear) => void (this.#onClose = hear),
    }
    opened(socket)
  }

  get #target(): string {
    const { pathname, search } = new URL(this.#url)
    return pathname + search
  }

  /** `tamper` may change the body after it was signed. */
  async say(type: string, message: object, tamper = (body: string) => body): Promise<void> {
    const body = JSON.stringify({ type, message })
    const url = this.#url.replace(/^ws/, 'http')
    const signer = { credentials: this.#keys, region: REGION, now: this.#house.clock.now() }
    const headers = sign({ method: 'GET', url, body }, signer)
    this.#toServer(joinSignedFrame({ headers, body: tamper(body) }))
    await turn()
  }
}

/** A machine key, as an operator makes one. */
export function machineKeys(house: House): Promise<Keys> {
  const ids = { hex: (digits: number) => 'a'.repeat(digits), uuid: () => '', random: () => 0 }
  const sealer = new Sealer(new Uint8Array(SEAL_KEY_BYTES))
  return house.server.store.write((tx) => createHostKey(tx, ACCOUNT, 'h', { ids, sealer, now: 0 }))
}
