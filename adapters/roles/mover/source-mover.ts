import { sourceMoverMachine } from '../../../machines/data-mover/index.ts';
import type { Link, LinkMessage } from '../../../machines/ports/link.ts';
import { hostMachine } from '../../../machines/ports/machine-host.ts';
import { type ErrorCode, isErrorCode, toFortnightError } from '../../../machines/rules/errors.ts';
import { createSourceEngine } from '../../transfer/index.ts';
import type { EngineFact } from '../../transfer/types.ts';
import { tell } from '../messages.ts';
import type { MoverConfig, MoverEnvironment } from './config.ts';
import { type DataLink, greetPartner } from './data-link.ts';
import { sinkFrom, sourceFrom } from './files.ts';
import { createProgressReporter } from './progress.ts';

/** A source data mover (P1): reads or writes the tenant's folder, never sees a credential (I63). */
export function runSourceMover(
  parent: Link,
  config: MoverConfig,
  environment: MoverEnvironment,
): { stop(): void } {
  let dataLink: DataLink | null = null;
  let failure: { code: ErrorCode; detail: string } | null = null;
  const progress = createProgressReporter(parent);
  let startReading: (reader: (message: LinkMessage) => Promise<void>) => void;
  const reader = new Promise<(message: LinkMessage) => Promise<void>>((resolve) => {
    startReading = resolve;
  });
  let engine: ReturnType<typeof createSourceEngine> | null = null;
  let isEngineRunning = false;
  let isStopping = false;
  let partner: { address: string; ticket: string } | null = null;

  /** A restore that is stopped takes back what it has written, and only then is the end. */
  const stop = (): void => {
    isStopping = true;
    dataLink?.close();
    if (isEngineRunning) engine?.abort('session.cancelled');
    else environment.onStopped();
  };

  const onFact = (fact: EngineFact): void => {
    if (fact.type === 'engine.progress') {
      progress.report(fact);
    } else if (fact.type === 'engine.completed') {
      progress.complete(fact.summary);
      machine.send({ type: 'engine.completed' });
    } else if (fact.type === 'engine.failed') {
      failure ??= { code: fact.code, detail: fact.detail };
      machine.send({ type: 'engine.failed', code: fact.code });
    }
  };
  const onEngineFact = (fact: EngineFact): void => {
    if (fact.type === 'engine.completed' || fact.type === 'engine.failed') isEngineRunning = false;
    if (!isStopping) onFact(fact);
    else if (!isEngineRunning) environment.onStopped();
  };

  const startEngine = (): void => {
    const { blockBytes, sessionId } = config.spec;
    try {
      engine = createSourceEngine({
        spec: config.spec,
        send: (message) => (dataLink as DataLink).send(message),
        onFact: onEngineFact,
        source: config.source === null ? null : sourceFrom(config.source, blockBytes),
        sink: config.sink === null ? null : sinkFrom(config.sink, blockBytes, sessionId),
      });
      const started = engine;
      startReading((message) => started.onMessage(message));
      isEngineRunning = true;
      engine.start();
    } catch (error) {
      const { code, detail } = toFortnightError(error);
      failure = { code, detail };
      machine.send({ type: 'engine.failed', code });
    }
  };

  const dialPartner = async (): Promise<void> => {
    if (partner === null) throw new Error('a source mover starts without a partner');
    try {
      const link = await environment.dialer.dial(partner.address);
      dataLink = greetPartner(link, {
        sessionId: config.spec.sessionId,
        ticket: partner.ticket,
        onUp: () => machine.send({ type: 'link.up' }),
        onDown: () => machine.send({ type: 'link.down' }),
        reader,
      });
    } catch {
      machine.send({ type: 'link.down' });
    }
  };

  const machine = hostMachine({
    machine: sourceMoverMachine,
    clock: environment.transportClock,
    input: { linkTimeoutMs: config.linkTimeoutMs },
    onError: (error) => {
      tell(parent, 'report.failed', { code: 'unknown', detail: String(error) });
      environment.onStopped();
    },
    onRequest: (request) => {
      switch (request.type) {
        case 'link.await':
          void dialPartner();
          return;
        case 'engine.start':
          startEngine();
          return;
        case 'engine.abort':
          engine?.abort(request.code);
          return;
        case 'report.completed':
          progress.sendCompleted();
          return;
        case 'report.failed':
          tell(parent, 'report.failed', {
            code: failure?.code ?? request.code,
            detail: failure?.detail ?? '',
          });
          return;
        case 'process.stop':
          stop();
          return;
        default:
          request satisfies never;
      }
    },
  });

  const onOrder = (message: LinkMessage): void => {
    const { header } = message;
    switch (message.type) {
      case 'order.start':
        partner = { address: String(header.address), ticket: String(header.ticket) };
        machine.send({ type: 'order.start' });
        return;
      case 'order.abort':
        machine.send({
          type: 'order.abort',
          code: isErrorCode(header.code) ? header.code : 'session.cancelled',
        });
        return;
      case 'order.stop':
        machine.send({ type: 'order.stop' });
        return;
      default:
        return;
    }
  };
  parent.onMessage(async (message) => {
    if (message.type === 'clock.adopt') {
      await environment.adoptClock?.(message.header.state);
      tell(parent, 'clock.adopted');
    } else onOrder(message);
  });
  tell(parent, 'mover.ready', { dataAddress: null });
  return { stop };
}
