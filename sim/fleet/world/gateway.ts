import { FluidLink } from '../model/fluid-link.ts';
import type { FleetGateway } from '../types.ts';
import type { WorldParts } from './parts.ts';

/** The cloud gateways of one name: every control message and every gated byte passes them (P2, P5). */
export class GatewayNode {
  readonly settings: FleetGateway;
  readonly link: FluidLink;
  #isDown = false;

  constructor(settings: FleetGateway, parts: WorldParts) {
    this.settings = settings;
    this.link = new FluidLink(parts.agenda, settings.bandwidth * settings.count);
  }

  get isDown(): boolean {
    return this.#isDown;
  }

  get capacity(): number {
    return this.settings.bandwidth * this.settings.count;
  }

  setDown(isDown: boolean): void {
    this.#isDown = isDown;
    this.link.setCapacity(isDown ? 0 : this.capacity);
  }
}
