import assert from 'node:assert/strict'
import { test } from 'node:test'

import { isRegistry, registryOf } from './registry.ts'

test('the registry of an image is what the engine would ask', () => {
  for (const [image, registry] of [
    ['app', 'docker.io'],
    ['app:1', 'docker.io'],
    ['team/app@sha256:00', 'docker.io'],
    ['registry/app', 'docker.io'],
    ['docker.io/team/app', 'docker.io'],
    ['index.docker.io/team/app', 'docker.io'],
    ['localhost/app', 'localhost'],
    ['LOCALHOST/app', 'localhost'],
    ['127.0.0.1:5999/x/y:1', '127.0.0.1:5999'],
    ['host:5000/app', 'host:5000'],
    ['[::1]:5000/app', '[::1]:5000'],
    ['GHCR.io/team/app', 'ghcr.io'],
    ['http://127.0.0.1/app', 'http:'],
    ['docker.io.example.com/app', 'docker.io.example.com'],
    ['/app', 'docker.io'],
  ] as const)
    assert.equal(registryOf(image), registry, image)
})

test('an image by its id alone is of no registry that can be told', () => {
  const hex = '0123456789abcdef'.repeat(4)
  for (const id of [hex, `sha256:${hex}`, 'sha256:0123']) assert.equal(registryOf(id), id)
  for (const name of [`app@sha256:${hex}`, `team/${hex}`, `${hex}:1`, hex.slice(1)])
    assert.equal(registryOf(name), 'docker.io', name)
})

test('only what an image can name is a registry', () => {
  for (const name of [
    'docker.io',
    'localhost',
    'localhost:5000',
    'host:5000',
    'ghcr.io',
    '[::1]:5000',
  ])
    assert.ok(isRegistry(name), name)
  for (const name of [
    'host',
    '',
    'https://ghcr.io',
    'ghcr.io/team',
    'a b.io',
    'ghcr.io:',
    'localhosts',
  ])
    assert.ok(!isRegistry(name), name)
})
