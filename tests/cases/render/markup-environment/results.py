{
    "a": Result(
        Status.OK,
        (
            Markup("\\begin{align}a&=b\\end{align}", "L"),
            Markup("\n\\begin{equation*}\nx < [1]\n\\end{equation*}\n", "L"),
            Markup("\\begin{tabular}{c}a\\end{tabular}", ""),
            Markup("\\begin{align}a\\end{gather}", ""),
            Markup("so \\begin{align}a\\end{align}", ""),
            Markup("\\begin{align}a\\end{align} $b$ \\begin{align}c\\end{align}", ""),
            Markup("\\begin{align}\\href{javascript:1}{x}\\end{align}", ""),
        ),
        device="cpu",
    )
}
