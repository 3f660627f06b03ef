import { describe, expect, test } from 'vitest';
import { loadScenario, parseScenario, type Scenario } from '../../sim/scenario/index.ts';
import { scenarioText } from '../../sim/tui/runs/scenario-text.ts';

function parsed(text: string): Scenario {
  const result = parseScenario(text, {
    file: 'saved.yaml',
    baseFolder: process.cwd(),
    isFolder: () => true,
  });
  if (!result.ok) throw new Error(JSON.stringify(result.problems, null, 2));
  return result.scenario;
}

/** Where a step stands and what was expected of it are not saved. */
function comparable({ steps, ...rest }: Scenario) {
  const bare = steps.map(({ place: _place, ...step }) =>
    step.type === 'run' ? { ...step, expect: null } : step,
  );
  return { ...rest, steps: bare };
}

describe('a saved situation', () => {
  test.each(['examples/tour.yaml', 'examples/weekend.yaml'])('is %s again when read', (file) => {
    const loaded = loadScenario(file, process.cwd());
    if (!loaded.ok) throw new Error('the example has problems');
    const { scenario } = loaded;
    const text = scenarioText(scenario, scenario.steps, ['a note\nversion: 2']);
    expect(comparable(parsed(text))).toEqual(comparable(scenario));
    expect(text.startsWith('# a note version: 2\nversion: 1\n')).toBe(true);
  });

  test('holds every kind of step that can be ordered', () => {
    const loaded = loadScenario('examples/tour.yaml', process.cwd());
    if (!loaded.ok) throw new Error('the tour has problems');
    const place = { line: 0, column: 0 };
    const scope = { tenant: 'acme', subtenant: 'branch', repository: 'vault-direct' };
    const fault = {
      site: 'storage',
      storage: 'minio',
      operation: null,
      nth: 2,
      repeat: 3,
    } as const;
    const steps: Scenario['steps'] = [
      { type: 'warp', place, byMs: 93_784_005 },
      { type: 'warpTo', place, instant: 'renewalLine', scope, offsetMs: -1 },
      { type: 'setTenant', place, tenant: 'acme', subtenant: null, changes: { disabled: true } },
      {
        type: 'setTenant',
        place,
        tenant: 'acme',
        subtenant: null,
        changes: { quotaBytes: 65_537 },
      },
      { type: 'fault', place, fault: { ...fault, effect: { kind: 'down', forMs: 600_000 } } },
      { type: 'fault', place, fault: { ...fault, effect: { kind: 'delay', byMs: 60_000 } } },
      { type: 'fault', place, fault: { ...fault, effect: { kind: 'corruptBody' } } },
      { type: 'restoreAll', place },
    ];
    const scenario = { ...loaded.scenario, steps };
    const nothing = {
      type: 'setRepository',
      place,
      repository: 'vault-direct',
      changes: {},
    } as const;
    const text = scenarioText(scenario, [...steps, nothing], []);
    expect(comparable(parsed(text))).toEqual(comparable(scenario));
  });
});
