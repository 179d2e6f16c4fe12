import type { World } from '../world.ts'

/** Does it to something that is there; false: there is nothing that it could strike. */
export type Strike = (world: World) => boolean | Promise<boolean>
