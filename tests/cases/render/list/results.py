{
    "a": Result(Status.OK, (Text("one\n\ntwo\n"),), device="cpu"),
    "b": Result(Status.OK, (Text("three\n"),), device="cpu"),
}
