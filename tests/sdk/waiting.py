"""The one way to wait: short polls, and a deadline that names what did not happen."""

import time

POLL_S = 0.02
WITHIN_S = 10


def wait_for(condition, *, what, within_s=WITHIN_S):
    """Polls until `condition` returns something true, and returns that."""
    deadline = time.monotonic() + within_s
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {within_s} s in vain for {what}; last seen: {result!r}")
        time.sleep(POLL_S)
