{"a": Result(Status.CRASHED, reason="the worker died of SIGSEGV", device="cpu")}
