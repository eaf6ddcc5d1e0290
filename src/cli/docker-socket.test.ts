import assert from 'node:assert/strict'
import { test } from 'node:test'

import { DEFAULT_SOCKET, dockerSocket } from './docker-socket.ts'

test("the engine's socket is the one that is named, else that of DOCKER_HOST, else Docker's own", () => {
  for (const none of [undefined, '', 'unix://'])
    assert.equal(dockerSocket(undefined, none), DEFAULT_SOCKET)
  assert.equal(dockerSocket(undefined, 'unix:///run/user/7/docker.sock'), '/run/user/7/docker.sock')
  assert.equal(dockerSocket('/a/d.sock', 'tcp://10.0.0.1:2375'), '/a/d.sock')
  assert.equal(dockerSocket('unix:///a/d.sock', undefined), '/a/d.sock')
})

test('an engine of another machine is refused by the name of what names it', () => {
  for (const host of ['tcp://10.0.0.1:2375', 'ssh://a@b', 'unix://here', 'fd://', 'docker.sock'])
    assert.throws(
      () => dockerSocket(undefined, host),
      ({ name, message }: Error) =>
        name === 'UserError' &&
        message.startsWith(`DOCKER_HOST is ${host}, and `) &&
        message.endsWith(': unset it, or set it to unix:///path/of/docker.sock'),
    )
  assert.throws(() => dockerSocket('tcp://b'), /^UserError: --docker is tcp:\/\/b, .*: give unix:/)
})
