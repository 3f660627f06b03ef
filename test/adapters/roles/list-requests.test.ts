import { expect, test } from 'vitest';
import { ListRequests } from '../../../adapters/roles/mover/list-requests.ts';
import type { JsonObject } from '../../../machines/ports/event-log.ts';
import { codeOf } from '../../contract/store-content.ts';

const ASKED = { prefix: 'p', startAfter: null, limit: 1 };
const PAGE = { objects: [{ key: 'p1', sizeBytes: 1, etag: 'e', modifiedAt: 0 }], isLast: true };

function requests() {
  const sent: JsonObject[] = [];
  const lists = new ListRequests((header) => void sent.push(header));
  const answer = (requestId: unknown, page: unknown = PAGE) =>
    lists.take({
      type: 'list.page',
      header: { requestId: String(requestId) },
      payload: Buffer.from(JSON.stringify(page)),
    });
  return { sent, lists, answer };
}

test('one request is on its way at a time; each gets its own answer', async () => {
  const { sent, lists, answer } = requests();
  const asked = [lists.ask(ASKED), lists.ask({ ...ASKED, prefix: 'q' })];
  expect(sent.map(({ prefix }) => prefix)).toEqual(['p']);
  answer(sent[0]?.requestId);
  expect(sent.map(({ prefix }) => prefix)).toEqual(['p', 'q']);
  answer(sent[1]?.requestId, { objects: [], isLast: true });
  expect(await Promise.all(asked)).toEqual([PAGE, { objects: [], isLast: true }]);
});

test('F45 an answer to another request is ignored', async () => {
  const { sent, lists, answer } = requests();
  const asked = lists.ask(ASKED);
  answer('list-0');
  answer('list-2');
  answer(sent[0]?.requestId);
  expect(await asked).toEqual(PAGE);
  answer(sent[0]?.requestId);
});

test('a connection that comes back is asked again for what was on its way, and for nothing else', async () => {
  const { sent, lists, answer } = requests();
  lists.resend();
  expect(sent).toEqual([]);
  const asked = lists.ask(ASKED);
  lists.resend();
  expect(sent).toEqual([sent[0], sent[0]]);
  answer(sent[0]?.requestId);
  lists.resend();
  expect(sent).toHaveLength(2);
  expect(await asked).toEqual(PAGE);
});

test.each([
  ['no document', 'x'],
  ['no objects', { isLast: true }],
  ['a size that is none', { ...PAGE, objects: [{ ...PAGE.objects[0], sizeBytes: -1 }] }],
])('a page with %s is protocol.violation', async (_name, page) => {
  const { sent, lists, answer } = requests();
  const asked = codeOf(lists.ask(ASKED));
  answer(sent[0]?.requestId, page);
  expect(await asked).toBe('protocol.violation');
});

test('a refusal, and the end of the mover, reject what is asked', async () => {
  const { sent, lists } = requests();
  const refused = codeOf(lists.ask(ASKED));
  const requestId = String(sent[0]?.requestId);
  lists.take({ type: 'list.refuse', header: { requestId, code: 'credential.expired' } });
  expect(await refused).toBe('credential.expired');
  const left = [lists.ask(ASKED), lists.ask(ASKED)].map(codeOf);
  lists.end('session.cancelled');
  expect(await Promise.all(left)).toEqual(['session.cancelled', 'session.cancelled']);
  expect(await codeOf(lists.ask(ASKED))).toBe('session.cancelled');
});
