{"a": Result(Status.OK, (Text("~~~\n"),), device="cpu")}
