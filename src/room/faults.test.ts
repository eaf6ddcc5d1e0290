import assert from 'node:assert/strict'
import { test } from 'node:test'

import { faultsOf } from './faults.ts'

type Operations = {
  readonly Make: { readonly faults: 'NotThereException' }
  readonly Break: { readonly faults: 'TooLateException' }
}
const fault = faultsOf<Operations>()

test('a code that the model does not have is no code', () => {
  const { code, message, status, members } = fault('NotThereException', 'It is not there.')
  assert.deepEqual(
    { code, message, status, members },
    {
      code: 'NotThereException',
      message: 'It is not there.',
      status: 400,
      members: {},
    },
  )
  fault<'Break'>('TooLateException', '')
  fault<'Break'>('ThrottlingException', '')
  // @ts-expect-error another operation's
  fault<'Break'>('NotThereException', '')
  // @ts-expect-error nobody's
  fault('NotTheirException', '')
})
