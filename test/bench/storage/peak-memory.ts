import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';

const LISTENING = '0A';

/** The process that listens on a loopback port of this machine; Linux only. */
export function processListeningOn(port: number): number | null {
  const hexPort = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const sockets = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) =>
    readOrEmpty(file)
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, local, , state]) => local?.endsWith(hexPort) && state === LISTENING)
      .map((fields) => `socket:[${fields[9]}]`),
  );
  const processes = namesIn('/proc').filter((name) => /^\d+$/.test(name));
  const found = processes.find((pid) =>
    namesIn(`/proc/${pid}/fd`).some((fd) => sockets.includes(linkOrEmpty(`/proc/${pid}/fd/${fd}`))),
  );
  return found === undefined ? null : Number(found);
}

/** Forgets the peak so far, so that the next one is what happens from here on. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** The most resident memory of a process since `forgetPeak`, in MB of 1,000,000 bytes. */
export function peakMegabytes(pid: number): number {
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (kibibytes === undefined) throw new Error(`/proc/${pid}/status has no VmHWM`);
  return (Number(kibibytes) * 1024) / 1_000_000;
}

/** Processes end while they are looked at. */
function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function linkOrEmpty(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
