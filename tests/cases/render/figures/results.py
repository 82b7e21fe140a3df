{
    "a": Result(
        Status.OK,
        (
            Text("before\n"),
            Figure("image/png", b"one"),
            Text("be"),
            Text("tween\n", "stderr"),
            Figure("image/svg+xml", b'<svg xmlns="http://www.w3.org/2000/svg"/>'),
            Figure("image/png", b"two"),
        ),
        device="cpu",
    )
}
