"""The entry point `yichuan`, which is there before what takes time to import."""

import signal


def run() -> None:
    """Run the command line. Ctrl-C while it is still being imported just ends the process."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:  # not where whoever started it has it ignored
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from services.cli import main  # noqa: PLC0415 - see above

    signal.signal(signal.SIGINT, before)
    main.run()
