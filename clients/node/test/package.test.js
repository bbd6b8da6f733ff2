// The package itself: worlds, errors, and a server that ends.
import assert from 'node:assert/strict';
import test from 'node:test';
import { ApiError, ControlError, Server } from '../src/index.js';
import { worldFor } from '../src/node-test.js';

const NEW_DISK = { ZoneId: 'cn-hangzhou-i', Size: 20, DiskCategory: 'cloud_essd' };
const count = async (world) => (await world.call('DescribeDisks')).TotalCount;

test('worldFor gives each test a world of its own', async (t) => {
  const [one, other] = await Promise.all([worldFor(t), worldFor(t)]);
  await one.call('CreateDisk', NEW_DISK);
  assert.deepEqual([await count(one), await count(other)], [1, 0]);
});

test('fork begins as a copy and goes its own way', async (t) => {
  const world = await worldFor(t);
  await world.call('CreateDisk', { ...NEW_DISK, Description: "awkward a b*c~d'(é)" });
  const copy = await world.fork();
  await copy.call('CreateDisk', NEW_DISK);
  assert.deepEqual([await count(copy), await count(world)], [2, 1]);
  await copy.delete();
  await assert.rejects(count(copy), (error) => error instanceof ApiError && error.status === 404);
});

test('clock is held and moved', async (t) => {
  const { clock } = await worldFor(t);
  await clock.hold();
  const before = await clock.now();
  await clock.advance(60_000);
  assert.equal((await clock.now()) - before, 60_000);
});

test('refused control says what to do', async (t) => {
  const world = await worldFor(t);
  await assert.rejects(world.lock('i-1'), (error) => error instanceof ControlError && /Check the id/.test(error.message));
});

test('start fails with the exit code of the program', async () => {
  await assert.rejects(Server.start(['--nonsense']), /exit code 2/);
});

test('stop ends the server', async () => {
  const server = await Server.start();
  await server.stop();
  await assert.rejects(server.world());
});
