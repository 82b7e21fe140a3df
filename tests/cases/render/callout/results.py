{"a": Result(Status.OK, (Text("one\n\n\ttwo\n"), Figure("image/png", b"png")), device="cpu")}
