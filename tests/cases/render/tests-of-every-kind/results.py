{
    "a": Result(
        Status.FAILED,
        (Text("captured, not shown"),),
        tests=(
            TestOutcome("test_e", "error", "fixture 'x' not found"),
            TestOutcome("test_f", "error", "", failure=Failure("KeyError", "'a'")),
            *(TestOutcome(s, s) for s in ("xpassed", "passed", "xfailed", "skipped", "passed")),
            TestOutcome(
                "test_p[```]",
                "failed",
                device="cuda",
                failure=Failure(
                    "AssertionError",
                    "assert 1 == 2",
                    (
                        Frame("test_p", "check(1)", Place("vault.note", "a", 1)),
                        Frame("check", "assert a == 2", Place("vault.other", "c", 9)),
                    ),
                ),
            ),
        ),
        device="cpu,cuda",
    )
}
