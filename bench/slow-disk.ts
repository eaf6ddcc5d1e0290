/**
 * A disk whose flush takes longer, for this process and those that it starts: what a commit costs on disks that keep it
 * through a power cut, where this machine's own disk is quick to say that it does. Needs a C compiler.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const VARIABLE = 'BERTH_BENCH_FLUSH_US'
const SHIM = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>
static int rested(int result) { usleep(atol(getenv("${VARIABLE}"))); return result; }
int fsync(int fd) { return rested(((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd)); }
int fdatasync(int fd) { return rested(((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd)); }
`

/** Runs the program that this process is once more with every flush `ms` longer, and ends with it; nothing where it is that already. */
export function onSlowDisk(ms: number): void {
  if (!(ms > 0) || process.env[VARIABLE] !== undefined) return
  const folder = mkdtempSync(join(tmpdir(), 'berth-bench-disk-'))
  const shim = join(folder, 'slow.so')
  execFileSync('gcc', ['-shared', '-fPIC', '-x', 'c', '-', '-o', shim, '-ldl'], { input: SHIM })
  const { status } = spawnSync(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    stdio: 'inherit',
    env: { ...process.env, LD_PRELOAD: shim, [VARIABLE]: String(Math.round(ms * 1000)) },
  })
  rmSync(folder, { recursive: true })
  process.exit(status ?? 1)
}
