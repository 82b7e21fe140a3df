{"a": Result(Status.SKIPPED, reason="b did not run: it failed")}
