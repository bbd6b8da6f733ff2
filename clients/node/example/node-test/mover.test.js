import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { worldFor } from 'diskdock/node-test';
import { machines } from '../machines.js';
import { connect, statusOf } from '../mover.js';

describe('a detach', { concurrency: true }, () => {
  test('is Detaching until the guest lets go', async (t) => {
    const world = await worldFor(t);
    const client = connect(world.endpoint, world.accessKeyId, world.accessKeySecret);
    const { first, disk } = await machines(world);
    await world.rules.add({ transition: 'detach', behaviour: { do: 'hold' } });
    await world.call('DetachDisk', { InstanceId: first, DiskId: disk });
    assert.equal(await statusOf(client, disk), 'Detaching');
    await world.finish({ disk });
    assert.equal(await statusOf(client, disk), 'Available');
  });

  test('that the guest refuses ends in In_use', async (t) => {
    const world = await worldFor(t);
    const { first, disk } = await machines(world);
    await world.rules.add({ transition: 'detach', behaviour: { do: 'refuse' } });
    await world.call('DetachDisk', { InstanceId: first, DiskId: disk });
    await world.waitFor(disk, 'In_use');
    assert.equal((await world.call('DescribeDisks', { DiskType: 'data' })).TotalCount, 1);
  });
});
