/**
 * Loaded before the program of a mover (`--import`): writes what lives in the process, after a
 * garbage collection, at two moments: the first signature of a request, and at SIGUSR2. Two files a
 * moment in the folder of `--diagnostic-dir`: a heap snapshot, which holds the strings, and the
 * contents of all array buffers, which it does not hold.
 */
import crypto from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { writeHeapSnapshot } from 'node:v8';

const FOLDER_OPTION = '--diagnostic-dir=';
const folder = process.execArgv
  .find((word) => word.startsWith(FOLDER_OPTION))
  ?.slice(FOLDER_OPTION.length);
if (folder === undefined) throw new Error(`${FOLDER_OPTION} is missing`);

/** The debugger's own view; calls within the process are answered before `post` returns. */
function liveArrayBuffers(): readonly ArrayBuffer[] {
  const found = globalThis as { fortnightBuffers?: readonly ArrayBuffer[] };
  const session = new Session();
  session.connect();
  session.post('Runtime.evaluate', { expression: 'ArrayBuffer.prototype' }, (_none, evaluated) => {
    const prototypeObjectId = evaluated.result.objectId ?? '';
    session.post('Runtime.queryObjects', { prototypeObjectId }, (_nothing, { objects }) => {
      session.post('Runtime.callFunctionOn', {
        objectId: objects.objectId ?? '',
        functionDeclaration: 'function () { globalThis.fortnightBuffers = this; }',
      });
    });
  });
  session.disconnect();
  const buffers = found.fortnightBuffers;
  if (buffers === undefined) throw new Error('the debugger has found no array buffers');
  delete found.fortnightBuffers;
  return buffers;
}

function dump(moment: string): void {
  const path = join(folder ?? '', `${process.pid}-${moment}`);
  writeFileSync(`${path}.bytes`, Buffer.concat(liveArrayBuffers().map((one) => Buffer.from(one))));
  writeHeapSnapshot(`${path}.part`);
  // Under its last name only when it is whole.
  renameSync(`${path}.part`, `${path}.heapsnapshot`);
}

process.on('SIGUSR2', () => dump('asked'));

const { createHmac } = crypto;
let hasSigned = false;
crypto.createHmac = (...given: Parameters<typeof createHmac>) => {
  const key = typeof given[1] === 'string' ? given[1] : Buffer.from(given[1] as Uint8Array);
  if (!hasSigned && key.slice(0, 4).toString() === 'AWS4') {
    hasSigned = true;
    dump('signing');
  }
  return createHmac(...given);
};
syncBuiltinESMExports();
