{
    "a": Result(Status.OK, (Text("one\n"),), device="cpu"),
    "b": Result(Status.OK, (Text("two\n"),), device="cpu"),
}
