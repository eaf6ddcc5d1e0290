import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'

import { Command } from 'commander'

import { serverOptions } from './server-options.ts'
import { asOptions, settled } from './settings.ts'

const data = mkdtempSync(join(tmpdir(), 'berth-settings-'))
const file = join(data, 'berth.toml')
after(() => rmSync(data, { recursive: true, force: true }))

function settledWith(toml: string, environment: NodeJS.ProcessEnv, ...args: string[]) {
  writeFileSync(file, toml)
  const command = new Command('up').option('--data <dir>').exitOverride()
  for (const option of serverOptions()) command.addOption(option)
  command.parse(['--data', data, ...args], { from: 'user' })
  return settled(command, environment)
}

test('an option comes before the environment, the environment before the file, the file before the default', () => {
  const toml = 'port = 1\nhistory-days = 2\nrates = "aws"\n'
  const environment = { BERTH_PORT: '3', BERTH_HISTORY_DAYS: '4' }
  const { config } = settledWith(toml, environment, '--port', '5')
  const { port, historyDays, rates, host } = config
  assert.deepEqual([port, historyDays, rates, host], [5, 4, 'aws', '127.0.0.1'])
})

test('the last port is taken again where none is given', () => {
  writeFileSync(join(data, 'port'), '4999\n')
  assert.equal(settledWith('', {}).config.port, 4999)
  assert.equal(settledWith('port = 7', {}).config.port, 7)
  rmSync(join(data, 'port'))
  assert.equal(settledWith('', {}).config.port, 4580)
})

test('files are found from where they are named', () => {
  const { config } = settledWith('tls-cert = "c.pem"', { BERTH_TLS_KEY: 'k.pem' })
  assert.deepEqual(config.tls, { certFile: join(data, 'c.pem'), keyFile: resolve('k.pem') })
})

test('authorities are those of SSL_CERT_FILE where nothing nearer names others', () => {
  const environment = { SSL_CERT_FILE: '/s.pem' }
  const its = (toml: string, more: NodeJS.ProcessEnv) => {
    const { given, config } = settledWith(toml, more)
    return [config.settings['ca'], given['ca']]
  }
  assert.deepEqual(its('ca = "/t.pem"', environment), ['/s.pem', undefined])
  assert.deepEqual(its('', { ...environment, BERTH_CA: '/b.pem' }), ['/b.pem', '/b.pem'])
  assert.deepEqual(its('ca = "/t.pem"', {}), ['/t.pem', '/t.pem'])
})

for (const [what, toml, environment, text] of [
  [
    'a key that is none',
    'prot = 1',
    {},
    /berth\.toml: there is no setting 'prot'; there are host, /,
  ],
  [
    'a port in words',
    'port = "x"',
    {},
    /berth\.toml: port must be a whole number, not the text "x"/,
  ],
  ['a number as a text', 'port = "7"', {}, /toml: port must be a whole number, not the text "7"/],
  ['half a port', 'port = 7.5', {}, /toml: port cannot be 7\.5\. It must be a whole number/],
  ['a text as a number', 'region = 7', {}, /toml: region must be a text, not 7/],
  [
    'what is no region',
    'region = "here"',
    {},
    /toml: region cannot be here\. It must be .* us-east-1/,
  ],
  ['a port in words elsewhere', '', { BERTH_PORT: 'x' }, /BERTH_PORT cannot be x\. It must be a w/],
  ['other rates', 'rates = "gcp"', {}, /rates cannot be gcp\. Allowed choices are none, aws/],
  [
    'a flag in words',
    'allow-reset = "yes"',
    {},
    /allow-reset must be true or false, not the text "yes"/,
  ],
  ['a flag in other words', '', { BERTH_ALLOW_RESET: 'on' }, /BERTH_ALLOW_RESET must be true or f/],
  ['half of TLS', 'tls-cert = "c"', {}, /--tls-cert and --tls-key belong together/],
  ['what is no TOML', 'port = 1\nhost 2', {}, /berth\.toml:2: /],
  ['a table', '[port]', {}, /port must be a whole number, not a table/],
] as const)
  test(`it is an error of one line to set ${what}`, () => {
    assert.throws(
      () => settledWith(toml, environment),
      ({ name, message }: Error) =>
        name === 'UserError' && text.test(message) && !message.includes('\n'),
    )
  })

test('settings that are a folder are said with their path', () => {
  rmSync(file, { force: true })
  mkdirSync(file)
  const command = new Command('up').option('--data <dir>').parse(['--data', data], { from: 'user' })
  assert.throws(() => settled(command, {}), {
    message: `${file} cannot be read: it is a folder`,
  })
  rmSync(file, { recursive: true })
})

test('what was given is given on, and nothing else', () => {
  const { given } = settledWith('port = 7\nallow-remote = false', { BERTH_ALLOW_RESET: 'true' })
  assert.deepEqual(asOptions(given), ['--port', '7', '--allow-reset'])
})
