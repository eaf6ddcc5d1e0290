import assert from 'node:assert/strict'
import { test } from 'node:test'

import { AssertionFailure } from '#kernel/assert.ts'

import { MemoryLog } from './memory-log.fixture.ts'
import { announce, heading, type NoticeKind, noticeKind, notices, noticesAfter } from './notices.ts'
import { Store, table } from './store.ts'

type Row = { readonly name: string }
const jobs = table<Row>('notices.jobs')
const queues = table<Row>('notices.queues')
const kindOf = (source: string, of = jobs): NoticeKind<Row> => ({
  source,
  detailType: 'State Change',
  table: of,
  told: ({ name }) => ({
    tenant: 't',
    accountId: '1',
    region: 'r',
    resources: [name],
    detail: { source },
  }),
})
const ofJobs = noticeKind(kindOf('test.jobs'))
const ofQueues = noticeKind(kindOf('test.queues', queues))

const moment = { now: 7, id: 'n' }

async function told(body: (store: Store) => Promise<unknown>) {
  const log = new MemoryLog()
  const open = (): Promise<Store> => Store.open(log, (error) => assert.fail(error))
  await body(await open())
  return (await open()).read((tx) => ({
    sources: noticesAfter(tx, 0, 10).map(({ notice: { source, detail } }) => [source, detail]),
    headings: [...tx.after(notices, 0)].map(({ row }) => heading(row).source),
  }))
}

test('kinds of one detail-type and other sources are told apart, also after a restart', async () => {
  const record = { name: 'a' }
  const { sources, headings } = await told((store) =>
    store.write((tx) => {
      tx.put(jobs, 'a', record)
      tx.put(queues, 'a', record)
      announce(tx, ofJobs, { key: 'a', record }, moment)
      announce(tx, ofQueues, { key: 'a', record }, moment)
    }),
  )
  const both = ['test.jobs', 'test.queues']
  assert.deepEqual(
    sources,
    both.map((source) => [source, { source }]),
  )
  assert.deepEqual(headings, both)
})

test('a notice that an early release wrote, without its source, is of the kind of its table', async () => {
  const record = { name: 'a' }
  const { sources, headings } = await told((store) =>
    store.write((tx) => {
      tx.put(queues, 'a', record)
      const { now: time, id } = moment
      tx.append(notices, { kind: 'State Change', time, id, of: [queues.name, 'a'], record })
    }),
  )
  assert.deepEqual(sources, [['test.queues', { source: 'test.queues' }]])
  assert.deepEqual(headings, ['test.queues'])
})

test('a kind is declared once', () => {
  assert.throws(() => noticeKind(kindOf('test.jobs', queues)), AssertionFailure)
})
