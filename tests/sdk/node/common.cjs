// The common part of all scripts, as in common.py.
'use strict';

const { randomUUID } = require('node:crypto');
const { setTimeout: sleep } = require('node:timers/promises');

const POLL_MS = 20;
const WITHIN_MS = 10_000;

exports.KEY_ID = 'testid';
exports.KEY_SECRET = 'testsecret';
exports.REGION = 'cn-hangzhou';
exports.ZONE = 'cn-hangzhou-i';
exports.INSTANCE_TYPE = 'ecs.g6.large';
exports.IMAGE = 'ubuntu_22_04_x64_20G_alibase_20240926.vhd';
exports.CATEGORY = 'cloud_essd';

// Every character whose encoding differs between clients, so that each signature is tried on all of them.
exports.AWKWARD = 'a b*c~d+e/f=g&h%i\'j(k)l!m,n:o" é 磁盘';
exports.TAGS = { team: 'storage', note: exports.AWKWARD };

// The servers: one at its default pace, one slow enough that polling is certain to see Detaching.
exports.ENDPOINT = process.env.DISKDOCK_ENDPOINT;
exports.SLOW_ENDPOINT = process.env.DISKDOCK_SLOW_ENDPOINT;

exports.unique = (word) => `${word}-${randomUUID().slice(0, 13)}`;

/** Polls until `condition` gives something true, and gives that. */
exports.waitFor = async (condition, what) => {
  const deadline = Date.now() + WITHIN_MS;
  for (;;) {
    const result = await condition();
    if (result) return result;
    if (Date.now() > deadline) throw new Error(`waited ${WITHIN_MS} ms in vain for ${what}`);
    await sleep(POLL_MS);
  }
};
