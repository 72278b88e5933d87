import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { Code, type ConnectError } from "@connectrpc/connect";
import { boundMessage } from "./error.ts";

/** How the decoder says that a value did not fit, naming the type where it does not name the field. */
const wrongValue = /^cannot decode (?:enum|message) ([\w.]+) from JSON: (.*)$/s;

/**
 * Corrects an error of the library about a request of this type, which it is about to write: that a request cannot be
 * decoded is the caller's doing, not an internal error, and the message says in which field.
 */
export function blameRequest(error: ConnectError, input: DescMessage): void {
  const code =
    error.code === Code.Internal || error.code === Code.Unknown ? Code.InvalidArgument : error.code;
  Object.assign(error, { code, rawMessage: boundMessage(inWhichField(error.rawMessage, input)) });
}

function inWhichField(message: string, input: DescMessage): string {
  const [, typeName, reason = ""] = wrongValue.exec(message) ?? [];
  if (typeName === undefined || typeName === input.typeName) return message;
  const fields = fieldsOfType(input, typeName, new Set());
  const [first] = fields;
  if (first === undefined) return message;
  const names = [...new Set(fields.map((field) => field.name))].join(" or ");
  if (first.enum === undefined) return `${names}: ${reason}`;
  const words = first.enum.values.filter((value) => value.number !== 0).map((value) => value.name);
  return `${names}: ${reason} is none of ${words.join(", ")}`;
}

function fieldsOfType(message: DescMessage, typeName: string, seen: Set<DescMessage>): DescField[] {
  if (seen.has(message)) return [];
  seen.add(message);
  return message.fields.flatMap((field) => {
    if (field.enum?.typeName === typeName || field.message?.typeName === typeName) return [field];
    return field.message === undefined ? [] : fieldsOfType(field.message, typeName, seen);
  });
}
