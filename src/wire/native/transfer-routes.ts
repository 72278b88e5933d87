import { TransferService } from "../../../gen/dream/v1/transfer_service_pb.ts";
import type { UseCases } from "../../service/use-cases.ts";
import { fromInt64 } from "./fields.ts";
import type { NativeRouter } from "./router.ts";

export function addTransferRoutes(use: UseCases, { unary, serverStream }: NativeRouter): void {
  const { method } = TransferService;
  serverStream(method.export, ({ after }, { principal, signal }) =>
    use.exportTenant(principal, { after }, signal),
  );
  unary(method.import, async ({ lines, firstLine }, { principal }) => {
    const request = { lines, firstLine: fromInt64("first_line", firstLine) };
    const { written, present } = await use.importRecords(principal, request);
    return { written: BigInt(written), present: BigInt(present) };
  });
}
