{"a": Result(Status.OK, (Text("```` x\n"),), device="cpu")}
