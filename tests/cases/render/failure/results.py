{
    "a": Result(Status.OK, device="cpu"),
    "b": Result(
        Status.FAILED,
        (Text("1\n"),),
        Failure(
            "ValueError",
            "no\nreally",
            (
                Frame("<module>", "f()", Place("vault.note", "b", 2)),
                Frame("g", "f()", None, "lib/local.py", 7),
                Frame("h", "f()", Place("vault.other", "c", 3)),
                Frame("f", 'raise ValueError("no")', Place("vault.note", "a", 2)),
            ),
        ),
        device="cpu",
    ),
}
