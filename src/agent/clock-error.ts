/** A signature that was refused for its time: nothing is wrong with the key, and clocks are put right while machines run. */
const REFUSAL = /\bSignature (?:expired|not yet current): (\d{8}T\d{6}Z) .*\((\d{8}T\d{6}Z) [+-] /

/** How far the clocks are apart, where the message is about that. */
export function clockError(message: string): string | undefined {
  const [, ours, theirs] = REFUSAL.exec(message) ?? []
  if (ours === undefined || theirs === undefined) return undefined
  const seconds = Math.round((millisecondsOf(ours) - millisecondsOf(theirs)) / 1000)
  return `this machine's clock is ${Math.abs(seconds)} s ${seconds < 0 ? 'behind' : 'ahead of'} the control plane's`
}

const millisecondsOf = (basic: string): number =>
  Date.parse(basic.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)/, '$1-$2-$3T$4:$5:'))
