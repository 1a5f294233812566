"""The command `yichuan`: one module per noun, the only part that may import everything."""
