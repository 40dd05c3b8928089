"""Signals as something to wait for: a person asks to stop, a child ends."""

import os
import select
import signal


class Signals:
    """While it is open, Ctrl-C, SIGTERM and SIGHUP only set `stop_asked`, and they end a `pause` early."""

    def __init__(self) -> None:
        self.stop_asked = False
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)
        self._wakeup_before = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        self._before = {number: signal.getsignal(number) for number in _STOP}
        self._before[signal.SIGCHLD] = signal.getsignal(signal.SIGCHLD)
        for number in _STOP:
            signal.signal(number, self._stop)
        # A handler of any kind makes Python write to the wake-up pipe when a child ends.
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def close(self) -> None:
        """Give the signals back to whom they belonged."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup_before)
        os.close(self._read)
        os.close(self._write)

    def pause(self, seconds: float) -> None:
        """Return after `seconds`, or as soon as a signal came."""
        if select.select([self._read], [], [], seconds)[0]:
            os.read(self._read, 4096)

    def _stop(self, *_: object) -> None:
        self.stop_asked = True


_STOP = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
