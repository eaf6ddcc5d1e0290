import assert from 'node:assert/strict'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { configFolder, dataDirectory } from './paths.ts'

test('a variable that is empty or relative is not set: nothing is kept in the current folder', () => {
  const { homedir } = userInfo()
  for (const environment of [
    {},
    { HOME: '' },
    { HOME: '.', XDG_CONFIG_HOME: '', XDG_DATA_HOME: '' },
    { HOME: '', XDG_CONFIG_HOME: 'config', XDG_DATA_HOME: './data' },
  ]) {
    assert.equal(configFolder(environment), join(homedir, '.config/berth'))
    assert.equal(dataDirectory('', environment), join(homedir, '.local/share/berth'))
  }
})

test('folders are those of XDG, else in the home of HOME', () => {
  assert.equal(configFolder({ HOME: '/h' }), '/h/.config/berth')
  assert.equal(dataDirectory(undefined, { HOME: '/h' }), '/h/.local/share/berth')
  const environment = { HOME: '/h', XDG_CONFIG_HOME: '/c', XDG_DATA_HOME: '/d' }
  assert.equal(configFolder(environment), '/c/berth')
  assert.equal(dataDirectory(undefined, environment), '/d/berth')
})
