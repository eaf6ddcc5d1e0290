/**
 * How much one may have of what several share: half of what the others leave. Whoever came before, there is room for the
 * next one, and one that is alone has half.
 */
export const fairPart = (limit: number, ofOthers: number): number =>
  Math.floor((limit - ofOthers) / 2)
