{"a": Result(Status.OK, (Text("printed"),), device="cpu")}
