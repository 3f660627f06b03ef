import { describe, expect, test } from 'vitest';
import { initialTransition } from 'xstate';
import {
  type ModeSelectionOutput,
  modeSelectionMachine,
  selectRoute,
} from '../../machines/mode-selection/index.ts';
import { type RouteDecision, routeOracle } from '../../machines/rules/route.ts';
import type { RouteSettings } from '../../machines/rules/settings.ts';
import { everySetting } from '../model/every-setting.ts';
import { allStates } from '../support/machine-diagram.ts';

const ALL = everySetting();

/** The machine is asked once for each input; asking takes half a millisecond. */
const answers = new Map<string, ModeSelectionOutput>();
function select(settings: RouteSettings): ModeSelectionOutput {
  const key = JSON.stringify(settings);
  const known = answers.get(key) ?? selectRoute(settings);
  answers.set(key, known);
  return known;
}

const PLAIN: RouteSettings = {
  storage: 's3-compatible',
  mode: 'direct',
  access: null,
  jobKind: 'server',
  hasGatewayServer: true,
  hasMountServer: true,
  strictGateway: false,
  needsHttpProxy: false,
  isTenantConfigBackup: false,
  hasImmutability: false,
};

/** `gateway proxy -> gatewayServer none`: a decision as one line of a table. */
function inWords(decision: RouteDecision): string {
  if (!decision.ok) return `refused ${decision.code} (${decision.rule})`;
  const { dataPath, sourceHost, targetHost, credential, assumed } = decision.route;
  return `${dataPath} ${sourceHost} -> ${targetHost} ${credential}${assumed ? ' assumed' : ''}`;
}

describe('mode selection', () => {
  test('I1: agrees with the oracle on each of the 4096 inputs', () => {
    expect(new Set(ALL.map((settings) => JSON.stringify(settings))).size).toBe(4096);
    const wrong = ALL.filter(
      (settings) => inWords(select(settings).decision) !== inWords(routeOracle(settings)),
    );
    expect(wrong).toEqual([]);
  });

  test('I1: is deterministic', () => {
    for (const settings of ALL.filter((_settings, index) => index % 37 === 0)) {
      expect(selectRoute(settings)).toEqual(select(settings));
    }
  });

  test('every reason names a rule of the protocol and says something', () => {
    for (const settings of ALL) {
      const { reasons } = select(settings);
      expect(reasons.length).toBeGreaterThan(0);
      for (const { rule, text } of reasons) {
        expect(rule).toMatch(/^[MPCX]\d+$/);
        expect(text).toMatch(/^[A-Z].*\.$/);
      }
    }
  });

  test('a refusal gives the same rule in its decision and in its last reason', () => {
    for (const settings of ALL) {
      const { decision, reasons } = select(settings);
      if (!decision.ok) expect(reasons.at(-1)?.rule).toBe(decision.rule);
    }
  });

  test('every state is entered by some input', () => {
    const seen = new Set<string>();
    for (const settings of ALL) {
      // One question at a time: each guard's answer decides which state comes next.
      for (const state of questionsAsked(settings)) seen.add(state);
    }
    expect([...seen].sort()).toEqual(allStates(modeSelectionMachine).sort());
  });
});

/** The states that one input passes through. */
function questionsAsked(settings: RouteSettings): string[] {
  const states: string[] = [];
  const machine = modeSelectionMachine;
  let node = machine.root.initial?.target?.[0];
  const [snapshot] = initialTransition(machine, settings);
  while (node !== undefined) {
    states.push(node.key);
    const context = { ...snapshot.context, settings };
    const taken = (node.always ?? []).find(({ guard }) => {
      if (guard === undefined) return true;
      const named = machine.implementations.guards[guard as never] as unknown as (asked: {
        context: typeof context;
      }) => boolean;
      return named({ context });
    });
    node = taken?.target?.[0];
  }
  return states;
}

describe('the rows of the route table', () => {
  test.each<[string, Partial<RouteSettings>, string]>([
    [
      'M1 AWS gateway',
      { storage: 'aws', mode: 'gateway' },
      'gateway sourceProxy -> gatewayServer none',
    ],
    [
      'M1 GCS gateway',
      { storage: 'gcs', mode: 'gateway' },
      'gateway sourceProxy -> gatewayServer none',
    ],
    [
      'M1 Azure gateway',
      { storage: 'azure', mode: 'gateway' },
      'gateway sourceProxy -> gatewayServer none',
    ],
    ['C1 AWS direct', { storage: 'aws' }, 'direct sourceProxy -> sourceProxy limited'],
    ['C1 GCS direct', { storage: 'gcs' }, 'direct sourceProxy -> sourceProxy limited'],
    ['C3 Azure direct', { storage: 'azure' }, 'direct sourceProxy -> sourceProxy sas'],
    [
      'P1 AWS direct, agent',
      { storage: 'aws', jobKind: 'agent' },
      'direct agentMachine -> agentMachine limited',
    ],
    [
      'P1 AWS gateway, agent',
      { storage: 'aws', mode: 'gateway', jobKind: 'agent' },
      'gateway agentMachine -> gatewayServer none',
    ],
    ['M6 unset, gateway', { mode: 'gateway' }, 'gateway sourceProxy -> gatewayServer none'],
    ['M4 unset, direct', {}, 'gateway sourceProxy -> mountServer none assumed'],
    [
      'M6 unset, direct, no mount server',
      { hasMountServer: false },
      'gateway sourceProxy -> gatewayServer none assumed',
    ],
    [
      'M3 backup server, direct',
      { access: 'backup-server' },
      'gateway sourceProxy -> mountServer none',
    ],
    [
      'M3 backup server, gateway',
      { access: 'backup-server', mode: 'gateway' },
      'gateway sourceProxy -> mountServer none',
    ],
    ['M3 share, direct', { access: 'share' }, 'direct sourceProxy -> sourceProxy shared'],
    [
      'M7 share beats gateway',
      { access: 'share', mode: 'gateway' },
      'direct sourceProxy -> sourceProxy shared',
    ],
    ['M3 IAM/STS, direct', { access: 'iam-sts' }, 'direct sourceProxy -> sourceProxy limited'],
    [
      'M7 IAM/STS beats gateway',
      { access: 'iam-sts', mode: 'gateway' },
      'direct sourceProxy -> sourceProxy limited',
    ],
    [
      'M7 strictGateway refuses',
      { access: 'iam-sts', mode: 'gateway', strictGateway: true },
      'refused route.strictGateway (M7)',
    ],
    [
      'M7 strictGateway leaves direct mode alone',
      { access: 'share', strictGateway: true },
      'direct sourceProxy -> sourceProxy shared',
    ],
    [
      'M5 an option on AWS',
      { storage: 'aws', access: 'share' },
      'refused route.optionNotApplicable (M5)',
    ],
    [
      'X1 HTTP proxy',
      { access: 'iam-sts', needsHttpProxy: true },
      'gateway sourceProxy -> gatewayServer none',
    ],
    [
      'X2 tenant configuration backup',
      { storage: 'aws', isTenantConfigBackup: true },
      'gateway sourceProxy -> gatewayServer none',
    ],
    [
      'X3 Azure, immutable, direct',
      { storage: 'azure', hasImmutability: true },
      'refused route.immutabilityDirect (X3)',
    ],
    [
      'X3 Azure, immutable, gateway',
      { storage: 'azure', mode: 'gateway', hasImmutability: true },
      'gateway sourceProxy -> gatewayServer none',
    ],
    [
      'P2 no gateway server',
      { storage: 'aws', mode: 'gateway', hasGatewayServer: false },
      'refused route.gatewayServerMissing (P2)',
    ],
    [
      'P6 no mount server',
      { access: 'backup-server', hasMountServer: false },
      'refused route.mountServerMissing (P6)',
    ],
    [
      'M6 unset, direct, no server at all',
      { hasMountServer: false, hasGatewayServer: false },
      'refused route.gatewayServerMissing (P2)',
    ],
  ])('%s', (_row, chosen, expected) => {
    expect(inWords(select({ ...PLAIN, ...chosen }).decision)).toBe(expected);
  });
});

describe('two settings, one route', () => {
  test('I9: with an option set the mode changes nothing, unless strictGateway', () => {
    for (const settings of ALL) {
      if (settings.access === null || settings.strictGateway) continue;
      const flipped = settings.mode === 'gateway' ? 'direct' : 'gateway';
      expect(select({ ...settings, mode: flipped })).toEqual(select(settings));
    }
  });

  test('I10: for AWS, GCS and Azure the option has no effect but a refusal', () => {
    for (const settings of ALL) {
      if (settings.storage === 's3-compatible' || settings.access === null) continue;
      expect(select(settings).decision).toEqual({
        ok: false,
        code: 'route.optionNotApplicable',
        rule: 'M5',
      });
    }
  });

  test('I12: in direct mode unset and the default option give the same data path and host', () => {
    for (const settings of ALL) {
      if (settings.storage !== 's3-compatible' || settings.mode !== 'direct') continue;
      if (settings.access !== null || !settings.hasMountServer) continue;
      const unset = select(settings).decision;
      const byDefault = select({ ...settings, access: 'backup-server' }).decision;
      if (!unset.ok || !byDefault.ok) {
        expect(unset.ok).toBe(byDefault.ok);
        continue;
      }
      expect({ ...unset.route, assumed: false }).toEqual(byDefault.route);
    }
  });

  test('I5, I2: through the gateway the tenant holds nothing; direct it holds something', () => {
    for (const settings of ALL) {
      const { decision } = select(settings);
      if (!decision.ok) continue;
      const { dataPath, credential, sourceHost, targetHost } = decision.route;
      expect(credential === 'none').toBe(dataPath === 'gateway');
      // I14, I13: direct movers share a host, others never do.
      expect(sourceHost === targetHost).toBe(dataPath === 'direct');
    }
  });
});
