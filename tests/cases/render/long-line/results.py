{"a": Result(Status.OK, (Text("x" * 5000 + "\nend\n"),), device="cpu")}
