{"a": Result(Status.OK, device="cpu")}
