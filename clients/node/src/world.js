// A world: disks, instances, clock, rules and faults that no other test sees.
import { setTimeout as sleep } from 'node:timers/promises';
import { call } from './api.js';

const REGION = 'cn-hangzhou';
const LOOKED_AT_EVERY_MS = 10;

export class World {
  #server;
  #controls;

  constructor(server, reply) {
    this.#server = server;
    this.#controls = server.controls.below(`/worlds/${reply.name}`);
    this.name = reply.name;
    this.url = server.url;
    /** Without the scheme, as SDKs take it. */
    this.endpoint = server.url.split('://')[1];
    this.accessKeyId = reply.access_key_id;
    this.accessKeySecret = reply.access_key_secret;
    const controls = this.#controls;
    this.clock = {
      now: async () => new Date((await controls.get('/clock')).now_ms),
      hold: () => controls.post('/clock/hold'),
      release: () => controls.post('/clock/release'),
      advance: (milliseconds) => controls.post('/clock/advance', { milliseconds }),
    };
    this.rules = {
      add: (rule) => controls.post('/rules', rule),
      clear: () => controls.delete('/rules'),
    };
    this.faults = {
      add: (fault) => controls.post('/faults', fault),
      clear: () => controls.delete('/faults'),
    };
  }

  /** Calls an action. RegionId is cn-hangzhou unless given; lists are sent as JSON arrays. */
  call(action, parameters = {}) {
    return call(this, action, { RegionId: REGION, ...parameters });
  }

  /** A disk as DescribeDisks shows it; undefined if there is no such disk. */
  async disk(id, parameters = {}) {
    return (await this.call('DescribeDisks', { DiskIds: [id], ...parameters })).Disks.Disk[0];
  }

  /** Waits until the disk has this status, and gives the disk. */
  async waitFor(id, status, { timeoutMs = 10_000 } = {}) {
    const giveUpAt = performance.now() + timeoutMs;
    for (;;) {
      const disk = await this.disk(id);
      if (disk?.Status === status) return disk;
      if (performance.now() > giveUpAt) {
        throw new Error(`${id} is ${disk?.Status ?? 'gone'}, not ${status}, after ${timeoutMs} ms`);
      }
      await sleep(LOOKED_AT_EVERY_MS);
    }
  }

  /** Lets operations in flight succeed. */
  finish(selection = {}) {
    return this.#controls.post('/transitions/finish', selection);
  }

  /** Lets operations in flight fail, as if the guest refused. */
  refuse(selection = {}) {
    return this.#controls.post('/transitions/refuse', selection);
  }

  /** Has operations in flight tried again now. */
  step(selection = {}) {
    return this.#controls.post('/transitions/step', selection);
  }

  pause(instanceId) {
    return this.#controls.post(`/instances/${instanceId}/pause`);
  }

  resume(instanceId) {
    return this.#controls.post(`/instances/${instanceId}/resume`);
  }

  kill(instanceId) {
    return this.#controls.post(`/instances/${instanceId}/kill`);
  }

  lock(instanceId, reason = 'security') {
    return this.#controls.post(`/instances/${instanceId}/lock`, { reason });
  }

  unlock(instanceId) {
    return this.#controls.post(`/instances/${instanceId}/unlock`);
  }

  /** How long transitions take: `fast`, `cloud`, or a duration such as `2s`. */
  pace(pace) {
    return this.#controls.put('/pace', { pace });
  }

  async operations() {
    return (await this.#controls.get('/operations')).operations;
  }

  export() {
    return this.#controls.get('/state');
  }

  /** Replaces everything in this world by an export. */
  load(state) {
    return this.#controls.put('/state', state);
  }

  /** A copy of this world with all that is under way in it. */
  fork(name) {
    return this.#server.world({ name, from: this.name });
  }

  delete() {
    return this.#server.controls.delete(`/worlds/${this.name}`);
  }
}
