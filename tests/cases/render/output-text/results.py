{
    "a": Result(
        Status.FAILED,
        (Text("text\n"), Table(("a",), (("1",),)), Figure("image/png", b"one")),
        reason="did not raise ValueError",
        device="cpu",
    )
}
