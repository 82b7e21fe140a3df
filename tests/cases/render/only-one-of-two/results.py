{"b": Result(Status.OK, (Text("two\n"),), device="cpu")}
