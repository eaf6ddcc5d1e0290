import { isPolicyAttribute } from './host-policy.ts'

/** Attributes that ECS or its agent sets: users have other names. */
export const isBuiltIn = (name: string): boolean =>
  /^(ecs\.|com\.amazonaws\.ecs\.)/.test(name) || isPolicyAttribute(name)
