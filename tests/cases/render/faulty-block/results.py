{"a": Result(Status.OK, (Text("new\n"),), device="cpu")}
