{
    "a": Result(
        Status.FAILED,
        tests=(
            TestOutcome("test_ok", "passed"),
            TestOutcome(
                "test_bad",
                "failed",
                failure=Failure(
                    "AssertionError",
                    "assert 3 == 4\n +  where 3 = f()",
                    (Frame("test_bad", "assert f() == 4", Place("vault.note", "a", 1)),),
                ),
            ),
        ),
        device="cpu",
    )
}
