import type { TestContext } from 'node:test';
import type { World } from './index.js';

/** A world of its own for the test whose context this is; deleted when the test has ended. */
export function worldFor(context: TestContext): Promise<World>;
