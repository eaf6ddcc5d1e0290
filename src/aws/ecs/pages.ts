/** Pages of lists, in the words of ECS. */
import { pagesOf } from '#room/pages.ts'

import { invalidParameter } from './names/names.ts'

export const { page } = pagesOf({
  badToken: () => invalidParameter('Invalid token.'),
  noResults: () => invalidParameter('maxResults must be at least 1.'),
})
