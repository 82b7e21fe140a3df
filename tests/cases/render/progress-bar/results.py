{
    "a": Result(
        Status.OK,
        (
            Text("\r  0%|     | 0/2\r 50%|##   | 1/2\r100%|#####| 2/2\n", "stderr"),
            Text(
                "\x1b[1;31mred\x1b[0m \x1b]8;;http://x\x07link\x1b]8;;\x07 a\x00b\u202ec \r\nspin|\b/\b- ok   \n"
            ),
            Text("<object at 0x7f3a5c0d1e20>", "value"),
        ),
        device="cpu",
    )
}
