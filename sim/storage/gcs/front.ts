import type { WireRequest } from '../sigv4/wire-request.ts';
import type { Exchange } from '../wire/exchange.ts';
import { answerJson, isJsonRequest } from './json/front.ts';
import { answerToken, findTokenEndpoint } from './oauth/front.ts';
import type { GcsWorld } from './world.ts';
import { answerXml } from './xml/front.ts';

/** Which of the interfaces a request is for: tokens, the JSON API, else the XML API. */
export async function answerGcs(
  exchange: Exchange,
  request: WireRequest,
  world: GcsWorld,
): Promise<void> {
  const endpoint = findTokenEndpoint(request);
  if (endpoint !== undefined) return answerToken(exchange, request, world, endpoint);
  if (isJsonRequest(request)) return answerJson(exchange, request, world);
  return answerXml(exchange, request, world);
}
