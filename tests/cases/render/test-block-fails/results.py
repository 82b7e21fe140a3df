{
    "a": Result(
        Status.FAILED,
        failure=Failure("SyntaxError", "bad", (Frame("", "x", Place("vault.note", "a", 1)),)),
        device="cpu",
    )
}
