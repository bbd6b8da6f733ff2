import type { TestAPI } from 'vitest';
import type { ServerAddress, World } from './index.js';

declare module 'vitest' {
  export interface ProvidedContext {
    diskdock: ServerAddress;
  }
}

/** vitest's `test` with a world of its own for each test. */
export const test: TestAPI<{ diskdock: World }>;
