{
    "a": Result(
        Status.OK,
        (
            Text(
                "```\n<!-- /runner -->\n# heading\n- [ ] task\n~~~\n````dataviewjs\n%%\n$$\n<% tp.x %>\n"
            ),
        ),
        device="cpu",
    )
}
