import { option } from "./options.ts";

/** Apart from what reads it, which loads much that help does not need. */
export const transferUrlOption = option(
  "url",
  "URL",
  "The server; without it the one that serves the data folder, else the storage itself",
);
