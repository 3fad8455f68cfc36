import { subscribe, unsubscribe } from 'node:diagnostics_channel';

/**
 * Listens to one of the package's channels.
 *
 * @returns A function that ends it.
 */
export function listen<Message>(name: string, hear: (message: Message) => void): () => void {
  const channel = `express-logto-m2m:${name}`;
  const listener = (message: unknown) => hear(message as Message);
  subscribe(channel, listener);
  return () => {
    unsubscribe(channel, listener);
  };
}
