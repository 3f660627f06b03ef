import type { Link, Listener, ListenerFactory } from '../../machines/ports/link.ts';

/** An address that stays while the server behind it is started again, as a well-known port does. */
export interface StandingDoor extends ListenerFactory {
  close(): Promise<void>;
}

export function standingDoor(listeners: ListenerFactory): StandingDoor {
  let server: ((link: Link) => void) | null = null;
  let opening: Promise<Listener> | null = null;
  const greet = (link: Link): void => {
    if (server === null) link.close('nobody listens here now');
    else server(link);
  };
  return {
    listen: async (onLink) => {
      server = onLink;
      opening ??= listeners.listen(greet);
      const { address } = await opening;
      return {
        address,
        close: async () => {
          if (server === onLink) server = null;
        },
      };
    },
    close: async () => {
      await (await opening)?.close();
    },
  };
}
