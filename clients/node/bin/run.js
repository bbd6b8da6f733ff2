#!/usr/bin/env node
// Runs the program that the package carries.
import { spawnSync } from 'node:child_process';
import { program } from '../src/program.js';

const { status, signal } = spawnSync(program(), process.argv.slice(2), { stdio: 'inherit' });
if (signal) process.kill(process.pid, signal);
process.exitCode = status ?? 1;
