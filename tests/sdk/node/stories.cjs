// The stories that every Node client has to be able to tell, written once. A script calls `tell` with
// a function (endpoint, secret) => client; what a client offers is listed at `Client` in ../common.py.
'use strict';

const assert = require('node:assert/strict');
const test = require('node:test');
const { AWKWARD, ENDPOINT, KEY_SECRET, SLOW_ENDPOINT, TAGS, unique, waitFor } = require('./common.cjs');
const { workflows } = require('./workflows.cjs');

const UNKNOWN_DISK = 'd-bp1nosuchdisk0000000';
const DISKS_TO_PAGE = 25;

async function runningInstance(client) {
  const instanceId = await client.runInstance();
  await waitFor(async () => (await client.instanceStatus(instanceId)) === 'Running', `${instanceId} Running`);
  return instanceId;
}

async function deleteInstance(client, instanceId) {
  await client.deleteInstance(instanceId);
  await waitFor(async () => (await client.instanceStatus(instanceId)) === undefined, `${instanceId} gone`);
}

/** Every state of the disk that polling sees, up to and including the wanted one. */
async function watch(client, diskId, until) {
  const seen = [];
  await waitFor(async () => {
    seen.push(await client.disk(diskId));
    return seen.at(-1).status === until;
  }, `${diskId} ${until}`);
  return seen;
}

const statuses = (disks) => [...new Set(disks.map((disk) => disk.status))];

function checkFields(disk, diskId) {
  const { id, size, portable, description, tags } = disk;
  const expected = { id: diskId, size: 40, portable: true, description: AWKWARD, tags: TAGS };
  assert.deepEqual({ id, size, portable, description, tags }, expected);
}

/** In_use and Detaching alike: the instance still has the disk. */
function checkHeld(disk, instanceId) {
  const { instanceId: holder, deleteWithInstance, attachments } = disk;
  assert.deepEqual({ holder, deleteWithInstance, attachments },
    { holder: instanceId, deleteWithInstance: true, attachments: [instanceId] });
  assert.match(disk.device, /^\/dev\//);
}

/** An Available disk names no instance; texts are empty, not missing. */
function checkFree(disk) {
  const { instanceId, device, deleteWithInstance, attachments } = disk;
  assert.deepEqual({ instanceId, device, deleteWithInstance, attachments },
    { instanceId: '', device: '', deleteWithInstance: false, attachments: [] });
}

async function createWatchedDisk(client) {
  const diskId = await client.createDisk(unique('life'), { description: AWKWARD, tags: TAGS });
  const disk = (await watch(client, diskId, 'Available')).at(-1);
  checkFields(disk, diskId);
  checkFree(disk);
  return diskId;
}

async function attachAndWatch(client, instanceId, diskId) {
  await client.attach(instanceId, diskId);
  const seen = await watch(client, diskId, 'In_use');
  assert.deepEqual(statuses(seen), ['Attaching', 'In_use']);
  checkFields(seen.at(-1), diskId);
  checkHeld(seen.at(-1), instanceId);
}

async function detachAndWatch(client, instanceId, diskId) {
  await client.detach(instanceId, diskId);
  const seen = await watch(client, diskId, 'Available');
  assert.deepEqual(statuses(seen), ['Detaching', 'Available']);
  for (const disk of seen.slice(0, -1)) checkHeld(disk, instanceId);
  checkFields(seen.at(-1), diskId);
  checkFree(seen.at(-1));
}

async function lifecycle(client) {
  const instanceId = await runningInstance(client);
  const diskId = await createWatchedDisk(client);
  await attachAndWatch(client, instanceId, diskId);
  await detachAndWatch(client, instanceId, diskId);
  await client.deleteDisk(diskId);
  await waitFor(async () => (await client.disk(diskId)) === undefined, `${diskId} gone`);
  await deleteInstance(client, instanceId);
}

/** Awaits a call that has to fail, and compares what the client tells of it. */
async function expectRefusal(client, status, code, call) {
  const error = await call.then((body) => assert.fail(`accepted: ${JSON.stringify(body)}`), (refusal) => refusal);
  if (error instanceof assert.AssertionError) throw error;
  const told = client.told(error);
  assert.deepEqual({ status: told.status, code: told.code }, { status, code });
  assert.ok(told.message && told.requestId, 'a message and a request id');
}

async function refusals(client) {
  const instanceId = await runningInstance(client);
  const diskId = await client.createDisk(unique('free'));
  await expectRefusal(client, 404, 'InvalidDisk.AlreadyDetached', client.detach(instanceId, diskId));
  await expectRefusal(client, 404, 'InvalidDiskId.NotFound', client.detach(instanceId, UNKNOWN_DISK));
  await expectRefusal(client, 404, 'InvalidDiskId.NotFound', client.deleteDisk(UNKNOWN_DISK));
  await deleteInstance(client, instanceId);
}

async function clientToken(client) {
  const [name, token] = [unique('once'), unique('token')];
  const first = await client.createDisk(name, { size: 40, token });
  assert.equal(await client.createDisk(name, { size: 40, token }), first);
  const changed = await client.createDisk(name, { size: 41, token }).then(() => undefined, client.told);
  assert.equal(changed?.code, 'IdempotentParameterMismatch');
  assert.deepEqual(await idsByNumber(client, name), [first]);
}

async function idsByNumber(client, name) {
  const ids = [];
  for (let pageNumber = 1; ; pageNumber += 1) {
    const page = await client.page({ diskName: name, pageNumber, pageSize: 10 });
    assert.deepEqual([page.pageNumber, page.pageSize], [pageNumber, 10]);
    ids.push(...page.ids);
    if (ids.length >= page.totalCount) return ids;
    assert.notEqual(page.ids.length, 0, `page ${pageNumber} is empty too early`);
  }
}

async function idsByToken(client, name) {
  const ids = [];
  for (let nextToken; ;) {
    const page = await client.page({ diskName: name, maxResults: 10, ...(nextToken && { nextToken }) });
    assert.ok(page.ids.length <= 10);
    ids.push(...page.ids);
    if (!page.nextToken) return ids;
    assert.notEqual(page.nextToken, nextToken);
    nextToken = page.nextToken;
  }
}

async function pages(client) {
  const name = unique('page');
  const created = [];
  while (created.length < DISKS_TO_PAGE) created.push(await client.createDisk(name));
  created.sort();
  assert.deepEqual((await idsByNumber(client, name)).sort(), created);
  assert.deepEqual((await idsByToken(client, name)).sort(), created);
}

exports.tell = (connect) => {
  const client = () => connect(ENDPOINT, KEY_SECRET);
  test('disks', () => lifecycle(connect(SLOW_ENDPOINT, KEY_SECRET)));
  test('refusals', () => refusals(client()));
  test('wrong secret', () => {
    const stranger = connect(ENDPOINT, 'not-the-secret');
    return expectRefusal(stranger, 400, 'SignatureDoesNotMatch', stranger.disk(UNKNOWN_DISK));
  });
  test('dry run', () => expectRefusal(client(), 400, 'DryRunOperation', client().page({ dryRun: true })));
  test('client token', () => clientToken(client()));
  test('pages', () => pages(client()));
  for (const [name, workflow] of Object.entries(workflows)) test(name, () => workflow(client()));
};
