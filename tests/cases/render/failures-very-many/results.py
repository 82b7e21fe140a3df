{
    "a": Result(
        Status.FAILED,
        tests=tuple(
            TestOutcome(
                f"test_{i}",
                "failed",
                failure=Failure(
                    "AssertionError",
                    f"assert {i} == {i + 1}"
                    + ("\nFull diff:" + "\n  x" * 99 if i % 7 == 0 else ""),
                    (Frame(f"test_{i}", "assert", Place("vault.note", "a", 1)),),
                ),
            )
            for i in range(60)
        ),
        device="cpu",
    )
}
