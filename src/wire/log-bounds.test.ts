import assert from 'node:assert/strict'
import { test } from 'node:test'

import { unboundedOption } from './log-bounds.ts'

const DRIVERS = [
  'json-file',
  'syslog',
  'journald',
  'gelf',
  'fluentd',
  'splunk',
  'awslogs',
  'local',
  '',
]
const refused = (driver: string, name: string, value: string): string | undefined =>
  unboundedOption({ driver, options: { [name]: value } })?.name

for (const [name, no, yes] of [
  [
    'tag',
    [
      '{{pad .ID 60000000000 0}}',
      '{{.ID | printf "%99999999s"}}',
      '{{"\\n"}}',
      '{{(.ExtraAttributes nil).A}}',
      '{{.Name}}{{range .}}',
      '{{{{.ID}}',
      '{{.ImageName}}'.repeat(20),
    ],
    ['', 'web', '{{.Name}}/{{ .ImageName }}/{{.FullID}}'],
  ],
  ['env-regex', ['a{1000}', '(x{9}){9}', 'a'.repeat(257)], ['^(OS|APP)_.*$', '']],
  ['labels-regex', ['a{2,}', '\\p{L}'], ['^com\\.example']],
  ['max-file', ['0', '101', '1000000', '-1', '1e1', '0x9', '1.5'], ['1', '3', '100']],
  [
    'max-size',
    ['1', '99k', '1b', '0', '-1', '0x10m', '1e9', 'm', '1 m b'],
    ['100k', '10m', '1g', '1.5 GiB', '10MB'],
  ],
  ['cache-max-file', ['1000000'], ['5']],
  ['cache-max-size', ['1'], ['20m']],
  ['max-buffer-size', ['65m', '100g', '1p', '99999999999', '1e12'], ['1m', '25m', '64m', '4096']],
  ['fluentd-buffer-limit', ['100g', '1m', '8193', '9k'], ['8192', '8k', '0']],
  ['fluentd-retry-wait', ['0', '0s', '1ns', '24h', '-1s'], ['100ms', '1s', '1.5s', '1m']],
  ['fluentd-async-reconnect-interval', ['24h'], ['500ms', '0s']],
  ['gelf-tcp-max-reconnect', ['1000000', '-1'], ['0', '3']],
  ['gelf-tcp-reconnect-delay', ['0', '86400'], ['1', '10']],
] as const)
  test(`the log option ${name} takes no more of the engine than a log may, whatever the driver`, () => {
    for (const driver of DRIVERS) {
      for (const value of no) assert.equal(refused(driver, name, value), name, value)
      for (const value of yes) assert.equal(refused(driver, name, value), undefined, value)
    }
  })

test('what is no number, size or template of the engine has no bound', () => {
  const options = { labels: 'a,b', env: 'A', mode: 'non-blocking', 'awslogs-group': '/a/{{b' }
  assert.equal(unboundedOption({ driver: 'awslogs', options }), undefined)
})

test('of the drivers none but the agent’s own lets lines wait: the engine does not count those that are empty', () => {
  for (const driver of DRIVERS) {
    const isOwn = driver === 'awslogs'
    assert.equal(refused(driver, 'mode', 'non-blocking'), isOwn ? undefined : 'mode', driver)
    for (const mode of ['blocking', '']) assert.equal(refused(driver, 'mode', mode), undefined)
  }
})

for (const name of ['fluentd-async', 'fluentd-async-connect'])
  test(`${name} needs a limit of the events that wait`, () => {
    const refusedWith = (value: string, limit: string) =>
      unboundedOption({
        driver: 'fluentd',
        options: { [name]: value, 'fluentd-buffer-limit': limit },
      })?.name
    for (const value of ['true', '1', 'T', 'TRUE']) {
      assert.equal(refused('fluentd', name, value), name)
      assert.equal(refusedWith(value, ''), name)
      assert.equal(refusedWith(value, '8193'), 'fluentd-buffer-limit')
      assert.equal(refusedWith(value, '8192'), undefined)
    }
    for (const value of ['false', '0', 'F', ''])
      assert.equal(refused('fluentd', name, value), undefined)
  })
