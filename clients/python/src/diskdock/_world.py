"""A world: disks, instances, clock, rules and faults that no other test sees."""

import datetime
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any

from . import _api
from ._controls import Controls, given

if TYPE_CHECKING:
    from ._server import Server

_REGION = "cn-hangzhou"


class Clock:
    """The clock of a world. Waits and deadlines go by it; signatures do not."""

    def __init__(self, controls: Controls):
        self._controls = controls

    def now(self) -> datetime.datetime:
        at_ms = self._controls.get("/clock")["now_ms"]
        return datetime.datetime.fromtimestamp(at_ms / 1000, datetime.timezone.utc)

    def hold(self) -> None:
        self._controls.post("/clock/hold")

    def release(self) -> None:
        self._controls.post("/clock/release")

    def advance(self, **duration: float) -> None:
        """Moves the clock forward: `advance(minutes=10)`, with the names of timedelta."""
        passed = datetime.timedelta(**duration)
        self._controls.post("/clock/advance", {"milliseconds": passed // datetime.timedelta(milliseconds=1)})


class Rules:
    """Rules for the outcome and the duration of transitions."""

    def __init__(self, controls: Controls):
        self._controls = controls

    def add(
        self,
        transition: str | None = None,
        do: str = "hold",
        *,
        take_ms: int | None = None,
        disk: str | None = None,
        instance: str | None = None,
        times: int | None = None,
    ) -> None:
        """`do` is `hold`, `refuse` or `never`; with `take_ms` the transition takes that long."""
        behaviour: dict[str, Any] = {"do": do} if take_ms is None else {"do": "take", "milliseconds": take_ms}
        rule = given(transition=transition, disk=disk, instance=instance, times=times)
        self._controls.post("/rules", {**rule, "behaviour": behaviour})

    def clear(self) -> None:
        self._controls.delete("/rules")


class Faults:
    """Faults of the API."""

    def __init__(self, controls: Controls):
        self._controls = controls

    def add(
        self,
        action: str | None = None,
        *,
        answer: str | None = None,
        throttle: bool = False,
        drop_reply: bool = False,
        twice: bool = False,
        slow_ms: int | None = None,
        skip: int = 0,
        times: int | None = None,
    ) -> None:
        """Adds one fault: an error code to `answer`, or another of these."""
        faults = [
            {"do": "answer", "code": answer} if answer else None,
            {"do": "throttle"} if throttle else None,
            {"do": "drop_reply"} if drop_reply else None,
            {"do": "twice"} if twice else None,
            {"do": "slow", "milliseconds": slow_ms} if slow_ms is not None else None,
        ]
        chosen = [fault for fault in faults if fault]
        if len(chosen) != 1:
            raise ValueError("give one of answer, throttle, drop_reply, twice and slow_ms")
        self._controls.post("/faults", {**given(action=action, times=times), "skip": skip, "fault": chosen[0]})

    def clear(self) -> None:
        self._controls.delete("/faults")


class World:
    """One world of a server. Deleted when it is left as a context manager."""

    def __init__(self, server: "Server", reply: dict[str, Any]):
        self._server = server
        self.name: str = reply["name"]
        self.access_key_id: str = reply["access_key_id"]
        self.access_key_secret: str = reply["access_key_secret"]
        self._controls = server.controls.below(f"/worlds/{self.name}")
        self.clock = Clock(self._controls)
        self.rules = Rules(self._controls)
        self.faults = Faults(self._controls)

    @property
    def url(self) -> str:
        """Such as http://127.0.0.1:5260."""
        return self._server.url

    @property
    def endpoint(self) -> str:
        """Such as 127.0.0.1:5260, as SDKs take it."""
        return self.url.split("://")[1]

    def call(self, action: str, **parameters: Any) -> dict[str, Any]:
        """Calls an action. RegionId is cn-hangzhou unless given; `Tag_1_Key` is `Tag.1.Key`."""
        named = {name.replace("_", "."): value for name, value in parameters.items()}
        named.setdefault("RegionId", _REGION)
        return _api.call(self.url, self.access_key_id, self.access_key_secret, action, named)

    def disk(self, disk_id: str, **parameters: Any) -> dict[str, Any] | None:
        """A disk as DescribeDisks shows it; None if there is no such disk."""
        found = self.call("DescribeDisks", DiskIds=[disk_id], **parameters)["Disks"]["Disk"]
        return found[0] if found else None

    def wait_for(self, disk_id: str, status: str, *, timeout_s: float = 10, **parameters: Any) -> dict[str, Any]:
        """Waits until the disk has this status, and returns the disk."""
        give_up_at = time.monotonic() + timeout_s
        while True:
            disk = self.disk(disk_id, **parameters)
            if disk and disk["Status"] == status:
                return disk
            if time.monotonic() > give_up_at:
                seen = disk["Status"] if disk else "gone"
                raise TimeoutError(f"{disk_id} is {seen}, not {status}, after {timeout_s} s")
            time.sleep(0.01)

    def finish(self, *, disk: str | None = None, instance: str | None = None) -> None:
        """Lets operations in flight succeed."""
        self._controls.post("/transitions/finish", given(disk=disk, instance=instance))

    def refuse(self, *, disk: str | None = None, instance: str | None = None) -> None:
        """Lets operations in flight fail, as if the guest refused."""
        self._controls.post("/transitions/refuse", given(disk=disk, instance=instance))

    def step(self, *, disk: str | None = None, instance: str | None = None) -> None:
        """Has operations in flight tried again now."""
        self._controls.post("/transitions/step", given(disk=disk, instance=instance))

    def pause(self, instance_id: str) -> None:
        self._controls.post(f"/instances/{instance_id}/pause")

    def resume(self, instance_id: str) -> None:
        self._controls.post(f"/instances/{instance_id}/resume")

    def kill(self, instance_id: str) -> None:
        self._controls.post(f"/instances/{instance_id}/kill")

    def lock(self, instance_id: str, reason: str = "security") -> None:
        self._controls.post(f"/instances/{instance_id}/lock", {"reason": reason})

    def unlock(self, instance_id: str) -> None:
        self._controls.post(f"/instances/{instance_id}/unlock")

    def pace(self, pace: str) -> None:
        """How long transitions take: `fast`, `cloud`, or a duration such as `2s`."""
        self._controls.put("/pace", {"pace": pace})

    def operations(self) -> list[dict[str, Any]]:
        """Operations in flight and failed ones, with the reason."""
        operations: list[dict[str, Any]] = self._controls.get("/operations")["operations"]
        return operations

    def export(self) -> dict[str, Any]:
        state: dict[str, Any] = self._controls.get("/state")
        return state

    def load(self, export: dict[str, Any]) -> None:
        """Replaces everything in this world by an export."""
        self._controls.put("/state", export)

    def reset(self) -> None:
        self._controls.post("/reset")

    def fork(self, name: str | None = None) -> "World":
        """A copy of this world with all that is under way in it."""
        return self._server.world(name, source=self.name)

    def environment(self) -> dict[str, str]:
        """Variables for a program that is tested from outside, or for the aliyun CLI."""
        return {
            "ALIBABA_CLOUD_ACCESS_KEY_ID": self.access_key_id,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": self.access_key_secret,
            "ALIBABA_CLOUD_ENDPOINT": self.endpoint,
            "DISKDOCK_ENDPOINT": self.url,
            "DISKDOCK_WORLD": self.name,
        }

    def delete(self) -> None:
        self._server.controls.delete(f"/worlds/{self.name}")

    def __enter__(self) -> "World":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.delete()

    def __repr__(self) -> str:
        return f"<diskdock world {self.name} at {self.url}>"
