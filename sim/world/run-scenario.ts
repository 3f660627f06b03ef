import type { SourceConfig } from '../../adapters/roles/mover/config.ts';
import type { SessionJob, SessionResult } from '../../adapters/roles/tenant-server/session-job.ts';
import { renewalRule } from '../../machines/rules/lifetimes.ts';
import { scopeId } from '../../machines/rules/scope.ts';
import type { Operation } from '../../machines/rules/settings.ts';
import { formatInstant } from '../../machines/rules/time.ts';
import { checkAll } from '../check/index.ts';
import { scheduledRuns } from '../scenario/index.ts';
import type {
  JobSource,
  RunExpectation,
  Scenario,
  ScenarioJob,
  ScenarioStep,
} from '../scenario/types.ts';
import { faultName } from './fault-board.ts';
import type { RunSummary, SummarySession, SummaryViolation } from './run-summary.ts';
import type { World } from './world.ts';

export interface RunHooks {
  /** Awaited before each step: a place to pause. */
  readonly beforeStep?: (step: ScenarioStep, index: number) => Promise<void>;
  readonly onSession?: (session: SummarySession) => void;
  readonly signal?: AbortSignal;
}

/** Runs the steps of a scenario in a world, one after the other, and checks the log at the end. */
export async function runScenario(
  scenario: Scenario,
  world: World,
  hooks: RunHooks = {},
): Promise<RunSummary> {
  const run = new ScenarioRun(scenario, world, hooks);
  for (const [index, step] of scenario.steps.entries()) {
    await hooks.beforeStep?.(step, index);
    if (hooks.signal?.aborted === true) break;
    await run.step(step);
  }
  return run.summarise(hooks.signal?.aborted === true);
}

class ScenarioRun {
  readonly #scenario: Scenario;
  readonly #world: World;
  readonly #hooks: RunHooks;
  readonly #startAt: number;
  readonly #sessions: SummarySession[] = [];
  readonly #violations: SummaryViolation[] = [];
  /** How often each job has backed up: decides what its synthetic data looks like. */
  readonly #days = new Map<string, number>();
  readonly #lastGood = new Map<string, { readonly job: ScenarioJob; readonly day: number }>();
  #count = 0;
  #scheduledUntil: number;

  constructor(scenario: Scenario, world: World, hooks: RunHooks) {
    this.#scenario = scenario;
    this.#world = world;
    this.#hooks = hooks;
    this.#startAt = world.now();
    this.#scheduledUntil = scenario.startAt - 1;
  }

  async step(step: ScenarioStep): Promise<void> {
    switch (step.type) {
      case 'run':
        return this.#run(this.#job(step.job), step.operation, step.expect);
      case 'warp':
        return this.#warpTo(this.#world.now() + step.byMs);
      case 'warpTo':
        return this.#warpToCredential(step);
      case 'setRepository':
        return this.#world.setRepository(step.repository, step.changes);
      case 'setTenant':
        return this.#world.setTenant(step.tenant, step.subtenant, step.changes);
      case 'setMaintenance':
        return this.#world.setMaintenance(step.isOn);
      case 'fault':
        return this.#world.armFault(step.fault);
      case 'restoreAll':
        for (const { job, day } of this.#lastGood.values()) {
          await this.#run(job, 'restore', { state: 'done', code: null, generation: null }, day);
        }
        return;
      default:
        step satisfies never;
    }
  }

  async summarise(isInterrupted: boolean): Promise<RunSummary> {
    const { title, seed } = this.#scenario;
    const { violations } = checkAll(this.#world.log.events);
    for (const fault of isInterrupted ? [] : this.#world.unfiredFaults()) {
      this.#violate('fault', null, `The fault "${faultName(fault)}" never fired.`);
    }
    const all = [
      ...this.#violations,
      ...violations.map(({ invariant, rule, session, text }) => ({
        invariant,
        rule,
        session,
        text,
      })),
    ];
    const records = await this.#world.credentials();
    return {
      type: 'run.summary',
      ok: all.length === 0 && !isInterrupted,
      title,
      seed,
      world: this.#world.name,
      startAt: this.#startAt,
      endAt: this.#world.now(),
      violations: all,
      sessions: this.#sessions,
      credentials: records
        .filter(({ state }) => state !== 'intent')
        .map(({ scope, generation, issuedAt, expiresAt, state }) => ({
          scope: scopeId(scope),
          generation,
          issuedAt,
          expiresAt,
          state,
        })),
    };
  }

  #job(name: string): ScenarioJob {
    const job = this.#scenario.jobs.find((one) => one.name === name);
    if (job === undefined) throw new Error(`unknown job ${name}`);
    return job;
  }

  #violate(invariant: string, session: string | null, text: string): void {
    this.#violations.push({ invariant, rule: null, session, text });
  }

  async #warpTo(at: number): Promise<void> {
    for (const due of scheduledRuns(this.#scenario.jobs, this.#scheduledUntil, at)) {
      if (due.at > this.#world.now()) await this.#world.warpTo(due.at);
      await this.#run(this.#job(due.job), 'backup', null);
    }
    this.#scheduledUntil = Math.max(this.#scheduledUntil, at);
    if (at > this.#world.now()) await this.#world.warpTo(at);
  }

  async #warpToCredential(step: Extract<ScenarioStep, { type: 'warpTo' }>): Promise<void> {
    const wanted = scopeId(step.scope);
    const newest = (await this.#world.credentials())
      .filter(({ scope, state }) => scopeId(scope) === wanted && state !== 'intent')
      .at(-1);
    const { line, column } = step.place;
    if (newest === undefined) {
      this.#violate('expect', null, `Line ${line}:${column}: ${wanted} has no credential yet.`);
      return;
    }
    const rule = renewalRule('s3-compatible', 'limited');
    const lineMs = step.instant === 'expiry' ? 0 : (rule?.renewBelowMs ?? 0);
    const at = newest.expiresAt - lineMs + step.offsetMs;
    if (at < this.#world.now()) {
      const text = `Line ${line}:${column}: ${formatInstant(at)} has passed already.`;
      this.#violate('expect', null, text);
      return;
    }
    await this.#warpTo(at);
  }

  async #run(
    job: ScenarioJob,
    operation: Operation,
    expect: RunExpectation | null,
    day: number | null = null,
  ): Promise<void> {
    this.#count += 1;
    const id = `s${this.#count}`;
    // What is read back is compared with what the latest good backup has read.
    const stored = operation === 'backup' ? undefined : this.#lastGood.get(job.name)?.day;
    const today = day ?? stored ?? this.#days.get(job.name) ?? 0;
    const result = await this.#world.run(job.tenant, this.#sessionJob(id, job, operation, today));
    if (operation === 'backup') {
      this.#days.set(job.name, today + 1);
      if (result.state === 'done') this.#lastGood.set(job.name, { job, day: today });
    }
    const session = summarySession(result);
    this.#sessions.push(session);
    this.#hooks.onSession?.(session);
    if (expect !== null) this.#compare(session, expect, result.detail);
  }

  #compare(session: SummarySession, expect: RunExpectation, detail: string): void {
    const code = session.code ?? null;
    const found = code === null ? session.state : `${session.state} (${code}: ${detail})`;
    const wrongState = session.state !== expect.state;
    const wrongCode = expect.code !== null && code !== expect.code;
    if (wrongState || wrongCode) {
      const wanted = expect.code === null ? expect.state : `${expect.state} (${expect.code})`;
      this.#violate('expect', session.id, `Expected ${wanted}, found ${found}.`);
    }
    if (expect.generation !== null && session.generation !== expect.generation) {
      const text = `Expected generation ${expect.generation}, found ${session.generation ?? 'none'}.`;
      this.#violate('expect', session.id, text);
    }
  }

  #sessionJob(id: string, job: ScenarioJob, operation: Operation, day: number): SessionJob {
    const repository = this.#scenario.repositories.find(({ name }) => name === job.repository);
    if (repository === undefined) throw new Error(`unknown repository ${job.repository}`);
    const source = sourceConfig(job.source, job, this.#scenario.seed, day);
    return {
      id,
      subtenant: job.subtenant,
      repository: job.repository,
      operation,
      jobKind: job.kind,
      backup: job.backup,
      restorePoint: null,
      blockBytes: job.blockBytes,
      needsHttpProxy: job.needsHttpProxy,
      isTenantConfigBackup: job.isTenantConfigBackup,
      source: operation === 'backup' ? source : null,
      sink: operation === 'restore' ? { type: 'compare', source } : null,
      parallelRequests: 4,
      inSession: job.inSession ?? repository.inSession,
      marginMs: repository.marginMs,
      quotaWaitMs: 0,
    };
  }
}

function sourceConfig(
  source: JobSource,
  job: ScenarioJob,
  seed: number | string,
  day: number,
): SourceConfig {
  if (source.type === 'folder') return source;
  return { ...source, seed: `${seed}/${job.name}/${source.seed}`, day };
}

export function summarySession(result: SessionResult): SummarySession {
  const { id, tenant, subtenant, repository, operation, route, state, code } = result;
  const { bytes, generation, verified } = result;
  return {
    id,
    tenant,
    subtenant,
    repository,
    operation,
    route,
    state,
    code,
    bytes,
    generation,
    verified,
  };
}
