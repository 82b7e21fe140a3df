{"a": Result(Status.OK, tests=(TestOutcome("t", "skipped", "no GPU"),), device="cpu")}
