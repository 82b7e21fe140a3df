{"a": Result(Status.OK, (Text("x" * 1890 + "\nend\n"),), device="cpu")}
