import type { Scenario } from '../../scenario/types.ts';
import type { LiveRun, PlacedOrder } from '../live-run.ts';
import { scenarioText } from './scenario-text.ts';

/** What was done up to a position, as a scenario file. */
export function situationOf(
  run: LiveRun,
  scenario: Scenario,
  position: number,
): { readonly text: string; readonly stepCount: number } {
  const steps = run.steps().filter((one) => one.position <= position);
  const strikes = run.strikes().filter((one) => one.position <= position);
  const notes = [
    `${run.title}, saved after ${position} events.`,
    ...strikes.map((one) => `Not in the steps: ${strikeWords(one)}.`),
  ];
  const text = scenarioText(
    scenario,
    steps.map(({ step }) => step),
    notes,
  );
  return { text, stepCount: steps.length };
}

/** `after 12 events: killMover {"session":"s1","role":"source"}`. */
function strikeWords({ order, position }: PlacedOrder): string {
  if (order.type !== 'act') return order.type;
  const { type, ...what } = order.act;
  return `after ${position} events: ${type} ${JSON.stringify(what)}`;
}
