/** `awslogs-datetime-format`: those of strftime's words that Docker's driver knows, as a pattern that finds such a time. */
const MONTHS = 'Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec'
const LONG_MONTHS =
  'January|February|March|April|May|June|July|August|September|October|November|December'
const DAYS = 'Mon|Tue|Wed|Thu|Fri|Sat|Sun'
const LONG_DAYS = 'Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday'

const WORDS: Readonly<Record<string, string>> = {
  a: `(?:${DAYS})`,
  A: `(?:${LONG_DAYS})`,
  b: `(?:${MONTHS})`,
  B: `(?:${LONG_MONTHS})`,
  d: '(?:0[1-9]|[12]\\d|3[01])',
  f: '\\d{6}',
  H: '(?:[01]\\d|2[0-3])',
  I: '(?:0[1-9]|1[0-2])',
  j: '(?:[0-2]\\d\\d|3[0-5]\\d|36[0-6])',
  L: '\\.\\d{3}',
  m: '(?:0[1-9]|1[0-2])',
  M: '[0-5]\\d',
  p: '[AP]M',
  S: '(?:[0-5]\\d|60)',
  w: '[0-6]',
  y: '\\d{2}',
  Y: '\\d{4}',
  z: '[+-]\\d{4}',
  Z: '[A-Z]{1,4}T',
}

/** As in Docker's own driver a word that is not known is dropped, and what is between the words is a regular expression. */
export function datetimePattern(format: string): string {
  return format.replaceAll(/%(.)/g, (_all, word: string) => WORDS[word] ?? '')
}
