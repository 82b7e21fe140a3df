{"a": Result(Status.SKIPPED, reason="no GPU")}
