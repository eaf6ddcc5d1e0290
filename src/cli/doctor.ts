/** `berth doctor`: each prerequisite, found or what to do. */
import { styleText } from 'node:util'

import { dataDirectory } from './paths.ts'
import {
  awsFinding,
  busyboxFinding,
  dataFinding,
  dockerFinding,
  type Finding,
  nodeFinding,
} from './prerequisites.ts'

export async function doctor(options: { readonly data?: string }): Promise<void> {
  const findings = [
    nodeFinding(),
    await dockerFinding(),
    busyboxFinding(),
    awsFinding(),
    dataFinding(dataDirectory(options.data)),
  ]
  for (const finding of findings) print(finding)
  if (findings.some(({ ok, optional }) => !ok && !optional)) process.exitCode = 1
}

function print({ name, ok, optional, detail, remedy }: Finding): void {
  const mark = ok
    ? styleText('green', 'ok     ')
    : optional
      ? styleText('yellow', 'absent ')
      : styleText('red', 'missing')
  console.log(`${mark} ${name.padEnd(18)} ${detail}`)
  if (remedy) console.log(`        ${''.padEnd(18)} ${remedy}`)
}
