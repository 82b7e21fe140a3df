{
    "a": Result(
        Status.OK,
        (
            Markup("# Head\n\n- a `b`", "<IPython.core.display.Markdown object>"),
            Markup("see [[x]]", "<vault.x.f.<locals>.A object at 0x7f0123456789>"),
            Markup("<b>z</b>", "<b> object"),
        ),
        device="cpu",
    )
}
