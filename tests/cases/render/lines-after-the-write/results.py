{
    "a": Result(
        Status.OK, (Text("one\ntwo\nsee " + Place("vault.note", "b", 1).token()),), device="cpu"
    ),
    "b": Result(
        Status.FAILED,
        (Text("warned at " + Place("vault.note", "b", 1).token() + "\n", "stderr"),),
        Failure(
            "ZeroDivisionError", "", (Frame("<module>", "1 / 0", Place("vault.note", "b", 1)),)
        ),
        device="cpu",
    ),
}
