{
    "a": Result(
        Status.FAILED,
        failure=Failure("E", "m", (Frame("f", "x", Place("vault.note", "a", 1)),)),
        device="cpu",
    )
}
