{
    "a": Result(
        Status.OK,
        (
            Table(
                ("", "name", "a|b", "x_1", "__init__"),
                (
                    ("0", "[[link]]", "<b>bold</b>", "-0.5", "%%hidden%%"),
                    ("1", "two\nlines", "<% tp %>", "1e-3", "key:: value"),
                    ("2", "注意", "#tag `code` $x$ ==h== ~~s~~", "https://a.b", "a@b.c \\ *e* ^x"),
                    ("3", "![[x.png]]", "{{date}}", "www.a.b", "- [ ] task"),
                ),
                "3 of 100 rows left out",
            ),
        ),
        device="cpu",
    )
}
