/**
 * Every bound in the system, in one place, unit last in the name. Lengths of text are Unicode code points unless the
 * name says bytes. A bound that an operator may change has its default here and its option in `config.ts`.
 */
export const limits = {
  // Ids and names
  idLength: 256,
  tenantLength: 64,
  nameLength: 255,
  descriptionLength: 1_024,
  metadataPairs: 16,
  metadataKeyLength: 64,
  metadataValueLength: 512,
  tagsPerSession: 16,
  storesPerSession: 100,
  tagLength: 64,
  peerNameLength: 512,

  // Dreams
  instructionsLength: 4_096,
  modelNameLength: 256,
  sessionsPerDream: 100,
  errorMessageLength: 2_000,
  reasonLength: 1_000,
  claimsMax: 200,
  leasesLostMax: 3,
  leasesLostAloneMax: 5,
  lostLeasePauseMs: 2_000,
  lostLeasePauseMaxMs: 60_000,
  changesPerDream: 20_000,
  changesPageMax: 200,
  changesPageDefault: 50,
  changesPageBytes: 2_097_152,
  editsPerChange: 20_000,
  sourcesPerEdit: 200,
  quoteLength: 500,

  // Memories
  memoryContentBytes: 102_400,
  pathBytes: 1_024,
  pathSegments: 20,
  memoriesPerStore: 10_000,
  storeBytes: 104_857_600,
  storesPerTenant: 10_000,
  protectedPathsPerStore: 100,
  putMemoriesPerCall: 500,
  headBuckets: 64,
  /** Where a page of memories with their texts ends early; a message of gRPC clients has 4 MiB by default. */
  memoriesPageBytes: 2_097_152,
  versionsPerWrite: 500,
  versionRetentionMs: 2_592_000_000,
  partGraceMs: 86_400_000,
  collectIntervalMs: 21_600_000,
  collectConfirmMs: 900_000,
  sweepBatch: 500,
  /** How much is looked through for copies of a redacted text: all of 1,000 full stores that have nothing in common. */
  copyScanBuckets: 65_536,
  sweepRemembered: 100_000,

  // Sessions
  sessionsPerTenant: 1_000_000,
  eventsPerSession: 1_000_000,
  eventsPerAppend: 500,
  eventTextBytes: 1_048_576,
  blocksPerEvent: 100,
  eventsPageMax: 500,
  eventsPageDefault: 100,

  // Lists
  pageSizeDefault: 20,
  pageSizeMax: 100,
  pageTokenLength: 4_096,

  // Leases and loops
  beatIntervalMs: 5_000,
  progressIntervalMs: 1_000,
  leaseStillMs: 15_000,
  leaseLookMaxMs: 5_000,
  runningPage: 500,
  pollIntervalMs: 1_000,
  sweepIntervalMs: 60_000,
  shutdownGraceMs: 8_000,
  releaseMs: 5_000,
  loopBackoffMaxMs: 30_000,
  deferBackoffMs: 5_000,
  deferBackoffMaxMs: 900_000,
  deferDeadlineMs: 900_000,
  deferDeadlineAutomaticMs: 86_400_000,
  holdBusyRetryMs: 1_000,
  relayInFlight: 256,
  relayParkMs: 60_000,
  casAttempts: 64,

  // Export and import
  /** One line of an import; an event of 1 MiB may take six times that, and a request must hold it. */
  transferLineBytes: 8_323_072,
  /** Several lines in one call. */
  transferCallBytes: 4_194_304,
  transferAnswerBytes: 1_048_576,
  transferEventsPerRecord: 100,
  transferEventsBytes: 524_288,
  transferHeadsRemembered: 128,
  transferCursorLength: 65_536,
  transferWritesAtOnce: 64,
  transferReadsAtOnce: 64,

  // The event bus
  busConnectTimeoutMs: 5_000,
  busPublishTimeoutMs: 5_000,
  busDreamsRemembered: 10_000,
  busPublishTries: 5,
  busDedupeWindowMs: 120_000,
  busRetentionMs: 2_592_000_000,

  // The wire
  requestBodyBytes: 8_388_608,
  requestTimeoutMs: 60_000,
  requestTimeoutMaxMs: 600_000,
  watchTimeoutMaxMs: 86_400_000,
  sniffTimeoutMs: 5_000,
  silentSocketMs: 60_000,
  connectionsMax: 10_000,
  streamsPerConnection: 100,
  headerBytes: 16_384,
  watchPollMs: 1_000,

  // Files read by the command line
  notesPerFolder: 10_000,
  transcriptLineBytes: 16_777_216,
  transcriptDocumentBytes: 67_108_864,
} as const;
