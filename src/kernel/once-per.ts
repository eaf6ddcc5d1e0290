/**
 * Computes once for each object, and keeps the answer as long as the object is there. For pure functions of frozen
 * things: all who ask share one answer, in memory too.
 */
export function oncePer<Of extends object, Answer extends object | string>(
  compute: (of: Of) => Answer,
): (of: Of) => Answer {
  const answers = new WeakMap<Of, Answer>()
  return (of) => {
    let answer = answers.get(of)
    if (answer === undefined) answers.set(of, (answer = compute(of)))
    return answer
  }
}
