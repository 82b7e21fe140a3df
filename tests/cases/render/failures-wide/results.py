{
    "a": Result(
        Status.FAILED,
        tests=tuple(
            TestOutcome(
                f"test_{i}",
                "failed",
                failure=Failure(
                    "AssertionError",
                    f"assert {list(range(10**i))} == []",
                    (Frame(f"test_{i}", "assert", Place("vault.note", "a", 1)),),
                ),
            )
            for i in range(4)
        ),
        device="cpu",
    )
}
