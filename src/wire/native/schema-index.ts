import type { DescFile, DescMessage, DescService } from "@bufbuild/protobuf";
import { nestedTypes } from "@bufbuild/protobuf/reflect";
import type { FileDescriptorProto } from "@bufbuild/protobuf/wkt";

export interface SchemaIndex {
  /** Full names, sorted. */
  readonly services: readonly string[];
  /** The file of that name followed by all it imports, directly or not; null for one that is not served. */
  fileNamed(name: string): readonly FileDescriptorProto[] | null;
  /** The same for the file in which a service, method, message, field, oneof, enum or enum value is defined. */
  fileOf(symbol: string): readonly FileDescriptorProto[] | null;
  isMessage(name: string): boolean;
}

/** Everything that the files of these services define, and the files they import. */
export function createSchemaIndex(services: readonly DescService[]): SchemaIndex {
  const files = new Map<string, DescFile>();
  for (const service of services)
    for (const file of withImports(service.file)) files.set(file.proto.name, file);
  const fileOfSymbol = new Map<string, DescFile>();
  const messages = new Set<string>();
  for (const file of files.values()) {
    for (const symbol of symbolsOf(file, messages)) fileOfSymbol.set(symbol, file);
  }

  return {
    services: services.map((service) => service.typeName).sort(),
    fileNamed: (name) => protosOf(files.get(name)),
    // Some tools write names as descriptors do, from the root.
    fileOf: (symbol) => protosOf(fileOfSymbol.get(symbol.startsWith(".") ? symbol.slice(1) : symbol)),
    isMessage: (name) => messages.has(name),
  };
}

function protosOf(file: DescFile | undefined): FileDescriptorProto[] | null {
  return file === undefined ? null : withImports(file).map((one) => one.proto);
}

/** Each file stands before those it imports, so that whoever reads from the end has all that a file needs. */
function withImports(file: DescFile): DescFile[] {
  const done = new Set<DescFile>();
  const visit = (one: DescFile) => {
    if (done.has(one)) return;
    for (const imported of one.dependencies) visit(imported);
    done.add(one);
  };
  visit(file);
  return [...done].reverse();
}

function* symbolsOf(file: DescFile, messages: Set<string>): Generator<string> {
  for (const service of file.services) {
    yield service.typeName;
    for (const method of service.methods) yield `${service.typeName}.${method.name}`;
  }
  for (const type of nestedTypes(file)) {
    if (type.kind === "message") {
      messages.add(type.typeName);
      yield* symbolsOfMessage(type);
    } else if (type.kind === "enum") {
      yield type.typeName;
      // The values of an enum are named beside it, not inside it.
      const scope = type.typeName.slice(0, type.typeName.lastIndexOf("."));
      for (const value of type.values) yield `${scope}.${value.name}`;
    }
  }
}

function* symbolsOfMessage(message: DescMessage): Generator<string> {
  yield message.typeName;
  for (const field of message.fields) yield `${message.typeName}.${field.name}`;
  for (const oneof of message.oneofs) yield `${message.typeName}.${oneof.name}`;
}
