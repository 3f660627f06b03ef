import { isRenewalAsked } from '../../machines/credential-lifecycle/credential-lifecycle.guards.ts';
import { credentialLifecycleMachine } from '../../machines/credential-lifecycle/index.ts';
import { installMissing } from '../real/programs.ts';
import type { RealSuite } from '../real/report.ts';
import { countDesk } from './desk-model.ts';
import { runSpin } from './spin.ts';

const FAULTS = [0, 1, 2, 3];

/** SPIN, with a model written by hand, must come to the same verdicts and the same count of states. */
export const peerSuite: RealSuite = {
  name: 'peers',
  run: async (report) => {
    const packages = { spin: 'spin', gcc: 'gcc' };
    const missing = installMissing(packages, (line) => process.stdout.write(`${line}\n`));
    const [why] = [...missing].map(([program, reason]) => `${program}: ${reason}`);
    for (const faults of FAULTS) {
      const name = `SPIN counts as many states of a scope with ${faults} faults`;
      if (why !== undefined) report.skip(name, why);
      else await report.check(name, () => compare(faults));
    }
    const name = 'SPIN and the explorer both find "less than" made "or equal" (C2, C10)';
    if (why !== undefined) report.skip(name, why);
    else await report.check(name, findWrongLine);
  },
};

async function compare(faults: number): Promise<void> {
  const theirs = runSpin('desk.pml', [`FAULTS=${faults}`]);
  const ours = countDesk(faults);
  if (theirs.errors !== 0) throw new Error(`SPIN finds ${theirs.errors} errors:\n${theirs.output}`);
  if (ours.broken.length > 0) throw new Error(`the explorer finds ${ours.broken.join(', ')}`);
  if (theirs.states !== ours.states) {
    throw new Error(`SPIN counts ${theirs.states} states, the explorer ${ours.states}`);
  }
}

async function findWrongLine(): Promise<void> {
  const theirs = runSpin('desk.pml', ['WRONG']);
  const guards = {
    isRenewalAsked: ({ context, event }: Parameters<typeof isRenewalAsked>[0]) => {
      const { settings } = context;
      const moved = { ...settings, renewBelowMs: settings.renewBelowMs + 1 };
      return isRenewalAsked({ context: { ...context, settings: moved }, event });
    },
  };
  const wrong = credentialLifecycleMachine.provide({ guards } as never);
  const { broken } = countDesk(1, wrong as typeof credentialLifecycleMachine);
  if (theirs.errors === 0) throw new Error('SPIN does not find it');
  if (!broken.includes('C2, C10')) throw new Error(`the explorer finds only ${broken.join(', ')}`);
}
