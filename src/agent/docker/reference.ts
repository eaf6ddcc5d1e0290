/** The parameters of a pull. Without a tag the Engine would pull every tag there is. */
export function imageReference(image: string): { fromImage: string; tag?: string } {
  if (image.includes('@')) return { fromImage: image }
  const colon = image.lastIndexOf(':')
  if (colon > image.lastIndexOf('/'))
    return { fromImage: image.slice(0, colon), tag: image.slice(colon + 1) }
  return { fromImage: image, tag: 'latest' }
}

/**
 * The digest under which the image's own repository knows it. An image that was only given another name here has none:
 * nobody could pull it by that name.
 */
export function repositoryDigest(
  image: string,
  repoDigests: readonly string[] | null | undefined,
): string | undefined {
  const own = familiar(imageReference(image.split('@')[0] ?? image).fromImage)
  const known = (repoDigests ?? []).map((reference) => reference.split('@'))
  return known.find(([repository = '']) => familiar(repository) === own)?.[1]
}

/** Docker Hub's repositories have longer names that mean the same. */
const familiar = (repository: string): string =>
  repository.replace(/^(index\.)?docker\.io\//, '').replace(/^library\//, '')

/** What went wrong, or `undefined`. A pull that fails on its way says so in its last line, under status 200. */
export function pullOutcome(status: number, lastLine: unknown): string | undefined {
  const { error, message } = (lastLine ?? {}) as { error?: unknown; message?: unknown }
  if (typeof error === 'string') return error
  if (status < 400) return undefined
  return typeof message === 'string' ? message : `status ${status}`
}
