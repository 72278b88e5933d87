import { expect, test } from "vitest";
import { setup } from "../../../test/support/bundle.ts";
import { fillTenant } from "../../../test/support/full-tenant.ts";
import { exportLines, importLines, kindsOf } from "../../../test/support/transfer.ts";

test("what is imported is exported again byte for byte", async () => {
  await using from = await setup();
  await fillTenant(from);
  const lines = await exportLines(from.useCases, from.principal);
  console.log(kindsOf(lines), lines.join("\n").length);
  await using to = await setup();
  console.log(await importLines(to.useCases, to.principal, lines));
  expect(await exportLines(to.useCases, to.principal)).toEqual(lines);
});
