/** RPCs that are described in `proto/` and not served yet. Each answers `unimplemented`; a test keeps the list true. */
export const unimplementedRpcs = [
  "DreamService.ApplyDream",
  "DreamService.EstimateDream",
  "CollectionService.GetCollection",
  "CollectionService.ListCollections",
  "ScheduleService.CreateSchedule",
  "ScheduleService.GetSchedule",
  "ScheduleService.ListSchedules",
  "ScheduleService.UpdateSchedule",
  "ScheduleService.PauseSchedule",
  "ScheduleService.ResumeSchedule",
  "ScheduleService.DeleteSchedule",
  "ScheduleService.RunSchedule",
  "KeyService.CreateKey",
  "KeyService.ListKeys",
  "KeyService.RevokeKey",
] as const;
