import { createHash } from 'node:crypto';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** Key id, secret and token from 32 random bytes and a number that never comes again. */
export function makeKeys(
  world: { random(bytes: number): Buffer; readonly core: { nextNumber(): number } },
  prefix: 'ASIA' | 'AKIA',
): { accessKeyId: string; secretAccessKey: string; token: string } {
  const seed = Buffer.concat([world.random(32), Buffer.from(`/${world.core.nextNumber()}`)]);
  return keysFromSeed(seed, prefix);
}

/** The keys that follow from secret bytes: the same bytes give the same keys. */
export function keysFromSeed(
  seed: Buffer,
  prefix: 'ASIA' | 'AKIA',
): { accessKeyId: string; secretAccessKey: string; token: string } {
  const derive = (label: string): Buffer =>
    createHash('sha512').update(label).update(seed).digest();
  const id = Array.from(derive('id').subarray(0, 16), (byte) => LETTERS[byte & 31]).join('');
  return {
    accessKeyId: `${prefix}${id}`,
    secretAccessKey: derive('secret').toString('base64').slice(0, 40),
    token: Buffer.concat([derive('token 1'), derive('token 2')]).toString('base64'),
  };
}
