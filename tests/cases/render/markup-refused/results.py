{
    "a": Result(
        Status.OK,
        (
            Markup("<b>html</b>", "html"),
            Markup("open $$ math", "math"),
            Markup("# heading", ""),
        ),
        device="cpu",
    )
}
