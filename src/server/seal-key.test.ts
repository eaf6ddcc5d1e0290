import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'

import { createAccount, rootKeysOf } from '#aws/iam/accounts.ts'
import { accessKeys } from '#aws/iam/records.ts'
import { MemoryLog } from '#store/memory-log.fixture.ts'
import type { Sealed } from '#store/seal.ts'
import { Store } from '#store/store.ts'
import { systemIds } from '#system/system.ts'

import { dataPaths, prepareData } from './data.ts'
import { SealKey } from './seal-key.ts'

let root = ''
let config = ''
const keys = (): string => join(config, 'keys')
const open = (data: string, named?: string) =>
  SealKey.open(prepareData(join(root, data)), named, config)

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'berth-seal-'))
  config = join(root, 'config')
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

/** State that `key` has sealed, as a server keeps it, and a file where it would be. */
async function stateSealedBy({ sealer }: SealKey, data: string): Promise<Sealed> {
  const store = await Store.open(new MemoryLog(), (error) => assert.fail(error))
  const making = { ids: systemIds, sealer, now: 1 }
  const { accessKeyId } = await store.write((tx) => createAccount(tx, {}, making))
  cpSync(import.meta.filename, dataPaths(join(root, data)).state)
  return store.read((tx) => tx.get(accessKeys, accessKeyId)?.secret) ?? assert.fail()
}

test('data that was moved or copied finds its key', () => {
  const { file, fingerprint } = open('first')
  renameSync(join(root, 'first'), join(root, 'second'))
  cpSync(import.meta.filename, join(root, 'second', 'state.db'))
  assert.equal(open('second').file, file)
  assert.equal(file, join(keys(), `${fingerprint}.key`))
  assert.equal(statSync(file).mode & 0o777, 0o600)
})

test('data of the release before finds its key under the old name, and under any path from then on', async () => {
  const made = open('old')
  const path = join(root, 'old')
  const formerly = createHash('sha256').update(path).digest('hex').slice(0, 16)
  renameSync(made.file, join(keys(), `${formerly}.key`))
  rmSync(dataPaths(path).sealKeyId)
  const sealed = await stateSealedBy(made, 'old')
  open('old').prove(sealed)
  renameSync(path, join(root, 'moved'))
  const moved = open('moved')
  moved.prove(sealed)
  assert.equal(moved.fingerprint, made.fingerprint)
})

test('state alone goes on with the only key there is, or the one that is named', async () => {
  const made = open('first')
  prepareData(join(root, 'alone'))
  const sealed = await stateSealedBy(made, 'alone')
  open('alone').prove(sealed)
  const named = join(root, 'elsewhere.key')
  renameSync(made.file, named)
  open('alone', named).prove(sealed)
  const { root: path } = dataPaths(join(root, 'alone'))
  writeFileSync(dataPaths(path).sealKeyId, `${made.fingerprint}\n`)
  assert.throws(() => open('alone'), /missing: .*\.key\. Put it back, or name it by --seal-key/)
})

test('state without the fingerprint of its key says what is missing and what to do', () => {
  prepareData(join(root, 'alone'))
  cpSync(import.meta.filename, dataPaths(join(root, 'alone')).state)
  const words = (found: string) => ({
    name: 'ConfigError',
    message: `${join(root, 'alone')} has state.db without seal-key-id, which says which key sealed it, and ${keys()} has ${found}: put seal-key-id back, or name the key by --seal-key`,
  })
  assert.throws(() => open('alone'), words('no key'))
  open('first')
  open('second')
  assert.throws(() => open('alone'), words('2 keys'))
})

test('a key that did not seal the data is refused, and no other is made', async () => {
  const made = open('first')
  const other = open('other')
  const sealed = await stateSealedBy(made, 'first')
  assert.throws(() => open('first', other.file), /is not the key that sealed this data/)
  rmSync(dataPaths(join(root, 'first')).sealKeyId)
  assert.throws(() => open('first', other.file).prove(sealed), /is not the key that sealed/)
  assert.equal(readdirSync(keys()).length, 2)
})

test('the keys of an account are said again; the first account is the oldest one', async () => {
  const { sealer } = open('first')
  const store = await Store.open(new MemoryLog(), (error) => assert.fail(error))
  const make = (accountId: string, now: number) =>
    store.write((tx) => createAccount(tx, { accountId }, { ids: systemIds, sealer, now }))
  const first = await make('999999999999', 1)
  const second = await make('111111111111', 2)
  const again = (id?: string) => store.read((tx) => rootKeysOf(tx, id, sealer))
  assert.deepEqual(again(), first)
  assert.deepEqual(again('111111111111'), second)
  assert.throws(() => again('222222222222'), /there is no account 222222222222/)
})
