/** The pages of docs/operations, done as they are written. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { freePort } from '../parity/free-port.ts'
import { until } from '../parity/house.ts'
import { blocks, Reader } from './page.fixture.ts'

const LIMIT = { timeout: 240_000 }

test(
  'backup and restore: the same accounts, keys and tasks under another path',
  LIMIT,
  async () => {
    const port = await freePort()
    const reader = new Reader(port)
    const restored = join(reader.home, 'restored', 'berth')
    try {
      const begun = await reader.does('berth up --detach && berth account create')
      assert.equal(begun.code, 0, begun.stderr)
      const [backup = '', restore = '', key = ''] = blocks('backup.md', port)
      const accounts =
        'for id in $(berth status | sed -n "s/^accounts *//p" | tr -d ,); do berth account keys $id; done'
      const before = await reader.does(`${backup}\n${accounts}`)
      assert.equal(before.code, 0, before.stderr)
      assert.equal(before.stdout.match(/^export AWS_SECRET_ACCESS_KEY=/gm)?.length, 2)
      // The machine is another one: neither the data nor the key is where it was.
      const lost = await reader.does('berth down; rm -r ~/.local/share/berth ~/.config/berth')
      assert.equal(lost.code, 0, lost.stderr)
      for (const block of [restore, key]) {
        const { code, stdout, stderr } = await reader.does(block)
        assert.equal(code, 0, stdout + stderr)
        assert.match(stdout, /hello task: \S+ already RUNNING/)
        const again = await reader.does(accounts, { BERTH_DATA: restored })
        assert.ok(before.stdout.endsWith(again.stdout) && again.stdout !== '', again.stdout)
      }
    } finally {
      await reader.leaves(restored)
    }
  },
)

test(
  'TLS and another host: clients and agents believe the authority that they are told',
  LIMIT,
  async () => {
    const port = await freePort()
    const reader = new Reader(port)
    const other = join(reader.home, 'other')
    try {
      const [certificates = '', start = ''] = blocks('tls.md', port)
      const made = await reader.does(certificates)
      assert.equal(made.code, 0, made.stderr)
      const started = await reader.does(start.replace('berth up', 'berth up --no-demo'))
      if (/aws: not found/.test(started.stderr)) console.log('not run: aws (not found)')
      else {
        assert.equal(started.code, 0, started.stdout + started.stderr)
        assert.match(started.stdout, /cluster\/default/)
      }
      const env = await reader.does('berth env', { SSL_CERT_FILE: join(reader.home, 'ca.pem') })
      assert.ok(env.stdout.includes(`export AWS_ENDPOINT_URL=https://127.0.0.1:${port}\n`))
      assert.ok(env.stdout.includes(`export AWS_CA_BUNDLE='${reader.home}/ca.pem'\n`), env.stdout)

      const [key = '', host = '', look = ''] = blocks('hosts.md', port)
      const created = await reader.does(key)
      assert.equal(created.code, 0, created.stderr)
      const agent = reader.begins(host, { BERTH_DATA: other })
      await until('two hosts are connected', async () => {
        assert.equal(agent.child.exitCode, null, agent.said)
        const { stdout } = await reader.does(look)
        return stdout.match(/^host .* agent connected/gm)?.length === 2 ? true : undefined
      })
      assert.deepEqual(await agent.end('SIGTERM'), [0, null], agent.said)

      const stranger = reader.begins(host.replace(' --ca ca.pem', ''), { BERTH_DATA: other })
      await stranger.says(/cannot register/)
      await stranger.end('SIGTERM')
      assert.match(stranger.said, /from an unknown authority: name the authority's file with --ca/)
      assert.doesNotMatch(stranger.said, /fetch failed/)
    } finally {
      await reader.leaves(other)
    }
  },
)

test('the settings that the TLS page says are settings', LIMIT, async () => {
  const reader = new Reader(await freePort())
  const [, toml = ''] =
    /^```toml\n(.*?)^```$/ms.exec(
      readFileSync(join(import.meta.dirname, '../../docs/operations/tls.md'), 'utf8'),
    ) ?? []
  const write = `mkdir -p "$BERTH_DATA"; cat > "$BERTH_DATA/berth.toml" <<'E'\n${toml}E\nberth up`
  const { code, stderr } = await reader.does(write, { BERTH_DATA: reader.data })
  assert.equal(code, 1)
  assert.equal(stderr, 'berth: /etc/berth/server.pem cannot be read: no such file\n')
  await reader.leaves()
})
