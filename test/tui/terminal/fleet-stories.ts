import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RealTerminal } from './real-terminal.ts';
import { expectLines } from './screens.ts';
import { expectExit, LEFT_EARLY, leave, NARROW, type Story, USUAL, WIDE } from './stories.ts';

/** 5,000 tenants, each every day: what the issue asks keys to be answered under. */
const FLEET = `version: 1
title: five thousand
days: 365
gateways: [{ name: gate, bandwidth: 10Gbit/s, count: 20 }]
storages: [{ name: minio, kind: s3-compatible, longestSession: 365d }]
repositories:
  - { name: vault, mode: direct, access: iam-sts }
  - { name: office, mode: gateway }
tenants:
  - name: shops
    count: 2500
    repository: vault
    quota: 4TiB
    schedule: { daily: "02:00", jitter: 4h }
    first: { min: 4GiB, typical: 15GiB, max: 80GiB }
    incremental: { min: 1GiB, typical: 4GiB, max: 20GiB }
    throughput: 100Mbit/s
  - name: offices
    count: 2500
    repository: office
    quota: 4TiB
    schedule: { daily: "05:00", jitter: 4h }
    first: { min: 4GiB, typical: 15GiB, max: 80GiB }
    incremental: { min: 1GiB, typical: 4GiB, max: 20GiB }
    throughput: 100Mbit/s
`;

function openFleet(terminal: RealTerminal, parameters = ''): void {
  const file = join(terminal.folder, 'five-thousand.yaml');
  writeFileSync(file, FLEET);
  terminal.start(`${parameters}${file}`);
}

/** As long as it goes on at the highest rate. */
async function lookAround(terminal: RealTerminal): Promise<void> {
  await terminal.see('1,000,000x', '+', '+', '+');
  await terminal.shows(/✓ [\d,]+ done/);
  await terminal.see('[2 Cred]', '2');
  await terminal.see('[3 Time]', '3');
  await terminal.see('[5 Rule]', '5');
  await terminal.shows('nothing violated');
  await terminal.see('Show or hide this help', '?');
  await terminal.see('[1 Ses]', 'Escape', '1');
}

export const FLEET_STORIES: readonly Story[] = [
  {
    name: '5,000 tenants live: open, filter, warp, step back, change, quit',
    size: USUAL,
    run: async (terminal) => {
      openFleet(terminal);
      await terminal.shows(/0 running +0 % of 365 days/);
      await lookAround(terminal);
      await terminal.see('paused', 'Space');
      terminal.press('/');
      terminal.type('shops-0042');
      const narrowed = await terminal.see('/shops-0042', 'Enter');
      const rows = narrowed.split('News')[0] ?? '';
      if (/(offices|shops-(?!0042))/.test(rows.split('bytes')[1] ?? '')) {
        throw new Error(`others than shops-0042 are shown:\n${narrowed}`);
      }
      terminal.press('Escape');
      terminal.press(':');
      terminal.type('warp 6h');
      await terminal.see('At +6h', 'Enter');
      await terminal.see('‖ past', 'p', 'p');
      terminal.press('F');
      await terminal.see('paused', 'Space');
      await terminal.see('Do 1 of', 'd');
      terminal.press('/');
      terminal.type('SP: down');
      await terminal.see(/› +fault SP: down for 10 m/, 'Enter');
      await terminal.see('y/n', 'Enter');
      await terminal.see(/At event \d+ again/, 'y');
      await terminal.see('[6 Flt]', '6');
      terminal.press('n', 'n', 'n');
      await terminal.shows(/yours 1: sp/);
      terminal.press('q');
      await expectExit(terminal, LEFT_EARLY);
      const report = terminal.everything();
      await terminal.expectRestored();
      expectLines(report, [/^five thousand/, /^Rules +none broken/, /^Stopped/]);
    },
  },
  {
    name: '120x40: a live fleet in the wide layout; SIGTERM ends it',
    size: WIDE,
    run: async (terminal) => {
      openFleet(terminal);
      await terminal.shows('[1 Sessions');
      await terminal.see('1,000,000x', '+', '+', '+');
      await terminal.shows(/✓ [\d,]+ done/);
      process.kill(terminal.foreground(), 'SIGTERM');
      await expectExit(terminal, 143);
      await terminal.expectRestored();
    },
  },
  {
    name: '40x10: a fleet told in sentences',
    size: NARROW,
    run: async (terminal) => {
      terminal.start('examples/fleet.yaml');
      await terminal.shows('Commands: help');
      terminal.type('rate 1000000');
      terminal.press('Enter');
      await terminal.appears(/Backup of main begins/);
      terminal.type('pause');
      terminal.press('Enter');
      terminal.type('sessions');
      terminal.press('Enter');
      await terminal.appears(/running/);
      terminal.type('quit');
      terminal.press('Enter');
      await expectExit(terminal, LEFT_EARLY);
      await terminal.expectRestored();
    },
  },
  {
    name: 'open shows a scenario too',
    size: USUAL,
    run: async (terminal) => {
      terminal.start('open examples/tour.yaml');
      await terminal.shows('[1 Ses]');
      await terminal.see('paused', 'Space');
      await leave(terminal);
    },
  },
];
