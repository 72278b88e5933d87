/**
 * Shapes of JSON. One declaration says how a value is written and how it is read back from a stranger's file: no field
 * missing, none unknown, each of its type and within its bounds. Names are those of the core in snake_case.
 */
import { cutText } from "../../core/check.ts";
import { invalidArgument, type ReveriedError } from "../../core/errors.ts";

export interface Shape<T> {
  readonly encode: (value: T) => unknown;
  /** Throws a `ReveriedError` that names the field. */
  readonly decode: (field: string, json: unknown) => T;
}

type Fields<T> = { readonly [K in keyof T]-?: Shape<T[K]> };

/** An object with exactly these fields, written in this order; `renamed` are those with another name than their own. */
export function objectOf<T extends object>(
  fields: Fields<T>,
  renamed: { readonly [K in keyof T]?: string } = {},
): Shape<T> {
  const names = Object.keys(fields) as (keyof T & string)[];
  const byJsonName = new Map(names.map((name) => [renamed[name] ?? snakeCase(name), name]));
  return {
    encode: (value) =>
      Object.fromEntries(
        [...byJsonName].map(([jsonName, name]) => [jsonName, fields[name].encode(value[name])]),
      ),
    decode(field, json) {
      const read = plainObject(field, json);
      const value = [...byJsonName].map(([jsonName, name]) => {
        if (!Object.hasOwn(read, jsonName)) throw invalidArgument(within(field, jsonName), "is missing");
        return [name, fields[name].decode(within(field, jsonName), read[jsonName])] as const;
      });
      for (const jsonName of Object.keys(read)) {
        if (!byJsonName.has(jsonName)) throw invalidArgument(field, `${quoted(jsonName)} is no field of it`);
      }
      // A parse edge: every field was just read by its own shape.
      return Object.fromEntries(value) as T;
    },
  };
}

type CaseOf<T, Tag extends keyof T, Name> = Omit<Extract<T, { readonly [K in Tag]: Name }>, Tag>;

/** One of several objects, told apart by the field `tag`, which is written first. */
export function unionOf<T extends object, Tag extends keyof T & string>(
  tag: Tag,
  cases: { readonly [Name in T[Tag] & string]: Shape<CaseOf<T, Tag, Name>> },
): Shape<T> {
  // A parse edge: what a name stands for is looked up by that very name.
  const shapes = new Map(Object.entries(cases)) as Map<unknown, Shape<object>>;
  const shapeOf = (field: string, name: unknown): Shape<object> => {
    const shape = shapes.get(name);
    if (shape !== undefined) return shape;
    throw invalidArgument(within(field, tag), `must be one of: ${[...shapes.keys()].join(", ")}`);
  };
  return {
    encode: (value) => ({
      [tag]: value[tag],
      ...(shapeOf(tag, value[tag]).encode(value) as Readonly<Record<string, unknown>>),
    }),
    decode(field, json) {
      const { [tag]: name, ...rest } = plainObject(field, json);
      return { [tag]: name, ...shapeOf(field, name).decode(field, rest) } as T;
    },
  };
}

/** A text that `check` accepts; it throws as the checks of the core do. */
export function textOf(check: (field: string, text: string) => void): Shape<string> {
  return {
    encode: (value) => value,
    decode(field, json) {
      if (typeof json !== "string") throw wrongType(field, "a text", json);
      check(field, json);
      return json;
    },
  };
}

/** A whole number within bounds, exact. */
export function integer(min: number, max: number = Number.MAX_SAFE_INTEGER): Shape<number> {
  return {
    encode: (value) => value,
    decode(field, json) {
      if (typeof json !== "number") throw wrongType(field, "a number", json);
      if (Number.isSafeInteger(json) && !Object.is(json, -0) && json >= min && json <= max) return json;
      throw invalidArgument(field, `must be a whole number from ${min} to ${max}`);
    },
  };
}

export const flag: Shape<boolean> = {
  encode: (value) => value,
  decode(field, json) {
    if (typeof json !== "boolean") throw wrongType(field, "true or false", json);
    return json;
  },
};

export function oneOf<const T extends string>(values: readonly T[]): Shape<T> {
  return {
    encode: (value) => value,
    decode(field, json) {
      const found = values.find((value) => value === json);
      if (found !== undefined) return found;
      throw invalidArgument(field, `must be one of: ${values.join(", ")}`);
    },
  };
}

export function nullable<T>(shape: Shape<T>): Shape<T | null> {
  return {
    encode: (value) => (value === null ? null : shape.encode(value)),
    decode: (field, json) => (json === null ? null : shape.decode(field, json)),
  };
}

export function listOf<T>(
  shape: Shape<T>,
  bounds: { readonly min?: number; readonly max: number },
): Shape<readonly T[]> {
  const { min = 0, max } = bounds;
  return {
    encode: (values) => values.map(shape.encode),
    decode(field, json) {
      if (!Array.isArray(json)) throw wrongType(field, "a list", json);
      if (json.length < min || json.length > max) {
        throw invalidArgument(field, `must have ${min} to ${max} items, has ${json.length}`, max);
      }
      return json.map((item, index) => shape.decode(`${field}[${index}]`, item));
    },
  };
}

/** Texts by name. Written in the order of the names, so that equal ones are written alike. */
export function textsByName(
  check: (field: string, texts: Readonly<Record<string, string>>) => void,
): Shape<Readonly<Record<string, string>>> {
  return {
    encode: (texts) => Object.fromEntries(Object.entries(texts).toSorted(([a], [b]) => (a < b ? -1 : 1))),
    decode(field, json) {
      const texts = Object.entries(plainObject(field, json)).map(([name, text]) => {
        if (typeof text !== "string") throw wrongType(within(field, quoted(name)), "a text", text);
        return [name, text] as const;
      });
      const read = Object.fromEntries(texts);
      check(field, read);
      return read;
    },
  };
}

/** The shape, with what its fields must be to each other; `check` throws when they are not. */
export function checked<T>(shape: Shape<T>, check: (field: string, value: T) => void): Shape<T> {
  return {
    encode: shape.encode,
    decode(field, json) {
      const value = shape.decode(field, json);
      check(field, value);
      return value;
    },
  };
}

/** A stranger's text as a message may show it. */
export function quoted(text: string): string {
  return JSON.stringify(cutText(text, 64).toWellFormed());
}

function plainObject(field: string, json: unknown): Readonly<Record<string, unknown>> {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw wrongType(field, "an object", json);
  }
  // A parse edge: JSON has no other objects.
  return json as Readonly<Record<string, unknown>>;
}

function wrongType(field: string, wanted: string, json: unknown): ReveriedError {
  const got = json === null ? "null" : Array.isArray(json) ? "a list" : `a ${typeof json}`;
  return invalidArgument(field, `must be ${wanted}, is ${got.replace("a object", "an object")}`);
}

function within(field: string, name: string): string {
  return `${field}.${name}`;
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
