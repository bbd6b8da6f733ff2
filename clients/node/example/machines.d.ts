import type { World } from 'diskdock';

export function machines(world: World): Promise<{ first: string; second: string; disk: string }>;
