{"a": Result(Status.OK, (Text("new\n"), Text("3", "value")), device="cuda")}
