import assert from 'node:assert/strict'
import { test } from 'node:test'

import { type Member, modelOf, type Shape } from '#gateway/model.ts'
import { notBuilt } from '#room/operation.ts'

import { ecs } from './ecs.ts'
import { given, meant } from './meant.ts'

/** An empty one says something, or its own rules refuse it in the same words as none. */
const SAYS = /\.(value|key|name)$|(Constraints|Strategy|proxyConfiguration|totalResources)\.type$/
const SAYS_TOO = ['systemControls.namespace', 'resources.type', 'resources.name']

type Text = {
  readonly path: readonly string[]
  readonly isRequired: boolean
  readonly input: object
}

/** Every text that a request may hold, each in a request that holds nothing else. */
function* texts(shape: Shape, path: readonly string[]): Generator<Text> {
  for (const member of shape.members) {
    for (const { path: inner, isRequired, input } of within(member, [...path, member.name]))
      yield { path: inner, isRequired, input: { [member.name]: input } }
  }
}

function* within({ shape, required }: Member, path: readonly string[]): Generator<Text> {
  if (shape.type === 'string') yield { path, isRequired: required, input: '' as never }
  if (shape.type === 'structure') yield* texts(shape, path)
  if (shape.type === 'list' && shape.item && shape.item.shape.type !== 'string')
    for (const text of within(shape.item, path)) yield { ...text, input: [text.input] }
}

const { operations } = ecs()

test("of every member of AWS's model an empty text is absent where the member may be", () => {
  let looked = 0
  for (const [name, { input: shape }] of modelOf('ecs').operations) {
    if (operations[name] === notBuilt) continue
    for (const { path, isRequired, input } of texts(shape, [name])) {
      const [, top = ''] = path
      const isWritten = top === 'containerDefinitions' || top === 'volumes'
      const last = path.slice(-2).join('.')
      if (path.includes('healthCheck') && isWritten) continue
      const after = isWritten ? meant(given(name, input)) : given(name, input)
      const isGone = after !== input
      looked += 1
      // A cluster is never missing: it is the default one.
      if (isRequired) assert.ok(!isGone || last.endsWith('.cluster'), path.join('.'))
      else if (SAYS.test(last) || SAYS_TOO.includes(last)) continue
      else assert.ok(isGone, path.join('.'))
      if (isWritten) assert.equal(given(name, input), input, 'it is read back as it was written')
    }
  }
  assert.ok(looked > 300, `${looked} members`)
})
