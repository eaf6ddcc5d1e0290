/**
 * Which folders of the host the options of a volume read, of the engine's own driver: those of mount(8). Whole forms are
 * known; what is of none of them may read anything, since engine and kernel resolve what is relative, and unescape.
 */

type Options = Readonly<Record<string, string>>
/** The folders, none at all for what is elsewhere; `undefined` for what is of no known form. */
type Folders = readonly string[] | undefined

/** Say nothing of what is mounted. */
const FLAGS =
  /^(ro|rw|nosuid|suid|nodev|dev|noexec|exec|(no|rel|strict)atime|(no)?diratime|sync|async|r?private|r?slave)$/
const BIND = /^r?bind$/
const TMPFS = /^(size|uid|gid|mode|nr_inodes)=[\w%]+$/
const LAYERS = /^(?:lowerdir|upperdir|workdir)=(.*)$/
const LAYER_WORDS = /^(index|xino)=\w+$/
/** A setting of a network's file system: without a way to a file, and no word that the engine makes a flag of. */
const SETTING = /^\w+=[^\s/\\]*$/
const SETTING_WORDS = /^(soft|hard|intr|nointr|tcp|udp|nolock|lock|noac|ac|nocto|guest|seal|fsc)$/
const NFS_DEVICE = /^[\w.\-[\]:%]*:\/[^\\]*$/
const CIFS_DEVICE = /^\/\/[^/\\]+\/[^\\]+$/

export function foldersOf(options: Options): Folders {
  const { type = '', o = '', device = '', size: _quota, ...unknown } = options
  if (Object.keys(unknown).length > 0) return undefined
  const words = o === '' ? [] : o.split(',')
  const are = (...forms: readonly RegExp[]): boolean =>
    words.every((word) => [FLAGS, ...forms].some((form) => form.test(word)))
  switch (type) {
    case '':
    case 'none':
      if (type + o + device === '') return []
      return are(BIND) && words.some((word) => BIND.test(word)) ? clear([device]) : undefined
    case 'tmpfs':
      return are(TMPFS) ? [] : undefined
    case 'nfs':
    case 'nfs4':
    case 'cifs':
    case 'smb3': {
      const form = type.startsWith('nfs') ? NFS_DEVICE : CIFS_DEVICE
      const isRemote = form.test(device) || NFS_DEVICE.test(device)
      return isRemote && are(SETTING, SETTING_WORDS) ? [] : undefined
    }
    case 'overlay':
      return are(LAYERS, LAYER_WORDS)
        ? clear(words.flatMap((word) => LAYERS.exec(word)?.[1]?.split(':') ?? []))
        : undefined
    default:
      return undefined
  }
}

/** The kernel drops backslashes, and takes what is relative from where the engine is. */
const clear = (paths: readonly string[]): Folders =>
  paths.every((path) => path.startsWith('/') && !/\\|(^|\/)\.\.?(\/|$)/.test(path))
    ? paths
    : undefined

const WRITTEN_MAX = 200
/** As a refusal names them. */
export const writtenOptions = (options: Options): string =>
  Object.entries(options)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')
    .slice(0, WRITTEN_MAX)
