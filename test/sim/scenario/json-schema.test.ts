import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { scenarioJsonSchema } from '../../../sim/scenario/index.ts';
import { GOOD } from './parse-text.ts';

const read = (path: string): unknown =>
  parse(readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8'));

describe('the JSON Schema that `fortnight schema` prints', () => {
  const schema = scenarioJsonSchema();
  const validator = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);

  it.each(['examples/tour.yaml', 'examples/weekend.yaml'])('accepts %s', (path) => {
    expect(validator.safeParse(read(path)).error).toBeUndefined();
  });

  it('refuses the file with typos, and a duration without unit', () => {
    expect(validator.safeParse(read('test/sim/scenario/typo.yaml')).success).toBe(false);
    expect(validator.safeParse(parse(GOOD)).success).toBe(true);
    const noUnit = GOOD.replace('run: files', 'warp: "13"');
    expect(validator.safeParse(parse(noUnit)).success).toBe(false);
  });

  it('describes every property that has units or rules', () => {
    expect(schema.$schema).toContain('2020-12');
    const undescribed: string[] = [];
    const walk = (node: unknown, path: string): void => {
      if (typeof node !== 'object' || node === null) return;
      const { properties, ...rest } = node as { properties?: Record<string, object> };
      for (const [key, value] of Object.entries(properties ?? {})) {
        if (!('description' in value)) undescribed.push(`${path}.${key}`);
        walk(value, `${path}.${key}`);
      }
      for (const value of Object.values(rest)) {
        for (const child of Array.isArray(value) ? value : [value]) walk(child, path);
      }
    };
    walk(schema, '');
    // Names, references and lists say everything with their key.
    const plain = /\.(name|seed|repositories|tenants|jobs|subtenants|tenant|subtenant|repository)$/;
    const other = undescribed.filter((path) => !plain.test(path));
    expect(other).toEqual([]);
  });
});
