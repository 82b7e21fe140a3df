{
    "a": Result(
        Status.TIMEOUT,
        (Text("epoch 1\n"),),
        reason="60 s were up at " + Place("vault.note", "a", 1).token(),
        device="cpu",
    )
}
