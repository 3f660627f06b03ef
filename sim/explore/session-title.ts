import type { SessionMessage } from './messages.ts';
import type { SessionLocal } from './session-local.ts';

/** What happens to a session, in a few words. */
export function sessionTitle({ outbox }: SessionLocal, message: SessionMessage): string {
  const [ask] = outbox;
  switch (message.type) {
    case 'answer':
      return `"${message.of}" is answered${message.again ? ', and will be once more' : ''}`;
    case 'opened':
      return 'the SP opens it';
    case 'fail':
      return `"${message.of}" fails: ${message.code}`;
    case 'reach':
      return 'its target mover reaches the SP';
    case 'read':
      return `hears the SP's letter${message.again ? ', and will once more' : ''}`;
    case 'arrive':
      return `its request (${ask?.trigger}, renew ${ask?.renew}) reaches the SP`;
    case 'lose':
      return 'its request is lost';
    case 'work':
      return `the transfer says ${message.fact}`;
    case 'workFails':
      return `the transfer fails: ${message.code}`;
    case 'moverExits':
      return `the ${message.role} mover exits`;
    case 'user':
      return `the user wants it ${message.wish}`;
    case 'alarm':
      return `alarm ${message.name}`;
    default:
      return message.type;
  }
}
