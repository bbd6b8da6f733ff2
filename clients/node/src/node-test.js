// For node:test: a world for each test. The tests of a file share a server; under `diskdock exec`,
// all files share one.
import { after } from 'node:test';
import { Server } from './server.js';

let server;

after(async () => (await server)?.stop());

/** A world of its own for the test whose context this is; deleted when the test has ended. */
export async function worldFor(context) {
  server ??= Server.fromEnvironment();
  const world = await (await server).world();
  context.after(() => world.delete());
  return world;
}
