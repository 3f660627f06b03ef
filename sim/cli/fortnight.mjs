#!/usr/bin/env node
// The entry of the `fortnight` command. Owns one question: can this runtime run the product? It is
// plain JavaScript that Node 18 can parse, so that an old Node gets an answer and not a syntax
// error. It must not know any command.
import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ENVIRONMENT_PROBLEM = 4;
const STRIP_TYPES = '--experimental-strip-types';
const here = dirname(fileURLToPath(import.meta.url));

// The TypeScript sources need type stripping; the backup format needs zstd, which 23.6 and 23.7
// lack although they strip types. Bun has both.
function isAbleToRun() {
  if (process.versions.bun !== undefined) return true;
  if (!process.features.typescript) return false;
  const [major, minor] = versionParts();
  return major > 23 || (major === 23 && minor >= 8) || (major === 22 && minor >= 15);
}

function versionParts() {
  return process.versions.node.split('.').map(Number);
}

// The Node of the dependency `node`: this package's own, or one level up when installed elsewhere.
function pinnedNode() {
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  for (let folder = here; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', 'node', 'bin', name);
    if (existsSync(candidate)) return realpathSync(candidate);
    if (folder === dirname(folder)) return null;
  }
}

function isThisProcess(path) {
  return realpathSync(process.execPath) === path;
}

function runnerFor(pinned) {
  if (pinned !== null && !isThisProcess(pinned)) return { path: pinned, flags: [] };
  const [major, minor] = versionParts();
  const knowsTheFlag = major > 22 || (major === 22 && minor >= 12);
  // Once the flag is on and types are still not stripped, trying again would never end.
  if (!knowsTheFlag || process.execArgv.includes(STRIP_TYPES)) return null;
  return { path: process.execPath, flags: [STRIP_TYPES] };
}

// Runs the same command line elsewhere: same terminal, same signals, same exit code.
function runWith({ path, flags }) {
  const self = fileURLToPath(import.meta.url);
  const child = spawn(path, [...flags, self, ...process.argv.slice(2)], { stdio: 'inherit' });
  const pass = (signal) => child.kill(signal);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, pass);
  child.on('error', (error) => fail(`${path} could not be started: ${error.message}`));
  child.on('exit', (code, signal) => {
    process.exitCode = signal === null ? code : 128 + (constants.signals[signal] ?? 0);
  });
}

function fail(sentence) {
  process.stderr.write(`fortnight: ${sentence}\n`);
  process.exitCode = ENVIRONMENT_PROBLEM;
}

// Node says "ExperimentalWarning" for node:sqlite and type stripping; that is our choice and not
// news for the user. Every other warning is still printed.
function silenceExperimentalWarnings() {
  const printers = process.listeners('warning');
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    if (warning.name === 'ExperimentalWarning') return;
    for (const print of printers) print.call(process, warning);
  });
}

async function runHere() {
  silenceExperimentalWarnings();
  const { enableCompileCache } = await import('node:module');
  if (enableCompileCache !== undefined && process.versions.bun === undefined) enableCompileCache();
  const { runProcess } = await import('./main.ts');
  await runProcess();
}

if (isAbleToRun()) {
  await runHere();
} else {
  const runner = runnerFor(pinnedNode());
  if (runner !== null) {
    runWith(runner);
  } else if (process.features.typescript) {
    // Types are stripped but zstd is missing: what needs it says so, the rest works.
    await runHere();
  } else {
    fail(
      `Node ${process.versions.node} is too old and the Node that comes with this package is ` +
        'not installed. Run "npm ci" in the project folder, or use Node 22.18 or later.',
    );
  }
}
