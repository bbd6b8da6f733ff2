// Finds the program.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The path of the program: that of DISKDOCK_BIN, of the package, or on the PATH. */
export function program() {
  if (process.env.DISKDOCK_BIN) return process.env.DISKDOCK_BIN;
  const carried = fileURLToPath(new URL('../bin/diskdock', import.meta.url));
  return existsSync(carried) ? carried : 'diskdock';
}
