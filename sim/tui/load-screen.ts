import * as nodeModule from 'node:module';

/** Of 400 modules the screen library uses one function; the rest is most of the start time. */
const WHOLE = 'es-toolkit/compat';
const USED = 'es-toolkit/compat/throttle';

/**
 * Loads the screen with the libraries that draw it: late, because a run without a screen needs
 * none of them, and lightly, because people wait for the first screen.
 */
export async function loadScreen(): Promise<typeof import('./live-screen.ts')> {
  // Its checks for developers are slow, and keep what they measured for as long as it runs.
  process.env.NODE_ENV ??= 'production';
  // Bun has no such hooks, and needs none: it reads modules faster.
  const hooks = nodeModule.registerHooks?.({
    resolve: (specifier, context, next) => {
      if (specifier !== WHOLE) return next(specifier, context);
      const { url } = next(USED, context);
      return {
        url: `data:text/javascript,export { default as throttle } from ${JSON.stringify(url)}`,
        shortCircuit: true,
      };
    },
  });
  try {
    return await import('./live-screen.ts');
  } finally {
    hooks?.deregister();
  }
}
