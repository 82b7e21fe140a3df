{"a": Result(Status.OK, (Text("last loss 0.0213\n"),), device="cpu")}
