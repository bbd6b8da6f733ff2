import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { globalSetup: ['diskdock/vitest-setup'], include: ['vitest/*.test.ts'] },
});
