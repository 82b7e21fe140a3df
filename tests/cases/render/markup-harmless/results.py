{
    "a": Result(
        Status.OK,
        (
            Markup("**Loss** fell by *half*,\nto $x_1 < \\frac{1}{2}$.", "plain"),
            Markup("$$\\begin{bmatrix} 1 & [2] \\\\ 3 & 4 \\end{bmatrix}$$", "plain"),
            Markup("$\\displaystyle x^{2}$", "x**2"),
        ),
        device="cpu",
    )
}
