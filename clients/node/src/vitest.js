// For vitest: `test` with a fixture `diskdock`, a world for each test.
import { test as base, inject } from 'vitest';
import { Server } from './server.js';

export const test = base.extend({
  // vitest reads the names of fixtures from this pattern.
  // eslint-disable-next-line no-empty-pattern
  diskdock: async ({}, use) => {
    const world = await new Server(inject('diskdock')).world();
    try {
      await use(world);
    } finally {
      await world.delete();
    }
  },
});
