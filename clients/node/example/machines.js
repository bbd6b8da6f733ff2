/** Two running instances, and a disk on the first. */
export async function machines(world) {
  const wanted = { ImageId: 'ubuntu_22_04_x64_20G_alibase_20240926.vhd', InstanceType: 'ecs.g6.large' };
  await world.clock.hold();
  const run = await world.call('RunInstances', { ...wanted, ZoneId: 'cn-hangzhou-i', Amount: 2 });
  const [first, second] = run.InstanceIdSets.InstanceIdSet;
  const size = { ZoneId: 'cn-hangzhou-i', Size: 20, DiskCategory: 'cloud_essd' };
  const { DiskId: disk } = await world.call('CreateDisk', size);
  await world.finish();
  await world.clock.release();
  await world.call('AttachDisk', { InstanceId: first, DiskId: disk });
  await world.waitFor(disk, 'In_use');
  return { first, second, disk };
}
