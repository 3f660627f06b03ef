import { type ErrorCode, FortnightError, isErrorCode } from '../../machines/rules/errors.ts';
import { OPERATIONS, type Operation } from '../../machines/rules/settings.ts';
import { type BlockId, isBlockId } from '../backup-format/block.ts';
import { isRestorePointId } from '../backup-format/restore-point-id.ts';
import type { RestorePointInfo } from './types.ts';

const TEXT_LENGTH_MAX = 4_096;

/** Reads fields of an arrived header; whatever is not as agreed is a `protocol.violation`. */
export class FieldReader {
  readonly #type: string;
  readonly #fields: { readonly [name: string]: unknown };

  constructor(type: string, fields: unknown) {
    this.#type = type;
    if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) {
      throw violation(type, 'no fields');
    }
    this.#fields = fields as { readonly [name: string]: unknown };
  }

  refuse(why: string): never {
    throw violation(this.#type, why);
  }

  text(name: string): string {
    const value = this.#fields[name];
    if (typeof value === 'string' && value.length <= TEXT_LENGTH_MAX) return value;
    return this.refuse(`${name} is not a text`);
  }

  count(name: string): number {
    const value = this.#fields[name];
    return isCount(value) ? value : this.refuse(`${name} is not a count`);
  }

  counts(name: string, length: number): readonly number[] {
    const value = this.#fields[name];
    if (Array.isArray(value) && value.length === length && value.every(isCount)) return value;
    return this.refuse(`${name} is not a list of ${length} counts`);
  }

  booleanOrNull(name: string): boolean | null {
    const value = this.#fields[name];
    if (value === null || typeof value === 'boolean') return value;
    return this.refuse(`${name} is neither a boolean nor null`);
  }

  object(name: string): FieldReader {
    return new FieldReader(this.#type, this.#fields[name]);
  }

  operation(name: string): Operation {
    const value = OPERATIONS.find((operation) => operation === this.#fields[name]);
    return value ?? this.refuse(`${name} is not an operation`);
  }

  errorCode(name: string): ErrorCode {
    const value = this.#fields[name];
    return isErrorCode(value) ? value : this.refuse(`${name} is not an error code`);
  }

  restorePointOrNull(name: string): string | null {
    const value = this.#fields[name];
    if (value === null || isRestorePointId(value)) return value;
    return this.refuse(`${name} is not a restore point`);
  }

  blockId(name: string): BlockId {
    const value = this.#fields[name];
    return isBlockId(value) ? value : this.refuse(`${name} is not a block id`);
  }

  blockIds(name: string, lengthMax: number): readonly BlockId[] {
    const value = this.#fields[name];
    if (Array.isArray(value) && value.length <= lengthMax && value.every(isBlockId)) return value;
    return this.refuse(`${name} is not a list of at most ${lengthMax} block ids`);
  }

  restorePoints(name: string, lengthMax: number): readonly RestorePointInfo[] {
    const value: unknown = this.#fields[name];
    if (!Array.isArray(value) || value.length > lengthMax) {
      return this.refuse(`${name} is not a list of at most ${lengthMax} restore points`);
    }
    return value.map((item: unknown) => {
      const fields = new FieldReader(this.#type, item);
      return {
        id: fields.restorePointOrNull('id') ?? fields.refuse('a restore point without id'),
        backup: fields.text('backup'),
        createdAt: fields.count('createdAt'),
        files: fields.count('files'),
        sourceBytes: fields.count('sourceBytes'),
        storedBytes: fields.count('storedBytes'),
      };
    });
  }

  payload(bytes: Uint8Array | undefined): Uint8Array {
    return bytes ?? this.refuse('no payload');
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function violation(type: string, why: string): FortnightError {
  return new FortnightError('protocol.violation', `${JSON.stringify(type.slice(0, 60))}: ${why}.`);
}
