{
    "a": Result(
        Status.FAILED,
        tests=tuple(
            TestOutcome(
                f"test_{i}",
                "failed",
                failure=Failure(
                    "AssertionError",
                    f"assert {i} == {i + 1}" + "\nFull diff:" + "\n  x" * 99,
                    (
                        Frame(f"test_{i}", "outer()", Place("vault.note", "a", 1)),
                        Frame("outer", "inner()", Place("vault.note", "a", 1)),
                        Frame("inner", "assert", Place("vault.o", "b", 1)),
                    ),
                ),
            )
            for i in range(3)
        ),
        device="cpu",
    )
}
