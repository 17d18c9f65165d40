"""The processes of one training: they meet, agree before each stage, and end together, with one sentence.

They talk through torch's store (keys and values, served by the first process or by torchrun), which works before there
is a process group and after it has broken. An error on one process is left there as a note; the others find it when
they next agree, when a collective call fails, or by the watch, and end with the same exit code. Only the first process
speaks.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from subprocess import Popen
from types import TracebackType
from typing import Any, Self

import torch
import torch.distributed as dist

from kirie.cluster.place import Place
from kirie.core.signals import Terminated
from kirie.errors import DeviceError, Interrupted, KirieError, PeerError
from kirie.train.notes import Store, cause, code_of, go, has_gone, has_left, leave_note, part
from kirie.train.starting import ended_before
from kirie.train.watch import Watch, note_children

MEETING_S = 300.0
"""How long processes wait for each other before the training begins."""

COLLECTIVE_S = 1800.0
"""How long a collective call waits for a process that neither answers nor has left a note."""

_NOTE_S = 4.0
"""How long a process whose collective call failed looks for the note of the one that broke it."""

_LEAVE_S, _BROKEN_S = 20.0, 5.0
"""How long the first process, who serves the store, waits for the others to leave: after success, and after an error,
when some may have gone without a word."""

_END_S = 960.0
"""How long the others wait for what the first one does alone at the end: uploads (900 s at most) and copying."""


class Crew:
    """This process among those of a training; use it as a context.

    Args:
        place: This process's place.
        store: What the processes talk through, None for one alone.
        children: Processes that this one has started, from rank 1 on.
    """

    def __init__(self, place: Place, store: Store | None = None, children: Sequence[Popen[bytes]] = ()) -> None:
        self.place = place
        self._store = store
        self._children = children
        self._stage = 0
        self._told: Terminated | None = None

    @classmethod
    def alone(cls) -> Crew:
        """A crew of one, for which nothing here costs anything."""
        return cls(Place(0, 1, 0, "none"))

    @property
    def first(self) -> bool:
        """Whether this process writes and speaks."""
        return self.place.first

    def agree(self) -> None:
        """Returns once every process has come here.

        Raises:
            KirieError: One of them has ended instead, or does not come.
            Terminated: One of them was stopped by a signal.
        """
        if self._store is None:
            return
        self._stage += 1
        stage, store = f"stage/{self._stage}", self._store
        with _lost_store():
            store.set(f"{stage}/{self.place.rank}", "")
            if not self.first:
                self._wait(lambda: store.check([f"{stage}/go"]), [0])
                return
            for rank in range(self.place.world):
                self._wait(partial(store.check, [f"{stage}/{rank}"]), [rank])
            store.set(f"{stage}/go", "")

    def share(self, value: Any) -> Any:
        """The first process's value, JSON's types, on all.

        Raises:
            KirieError: A process has ended instead.
            Terminated: It was stopped by a signal.
        """
        if self._store is None:
            return value
        if self.first:
            with _lost_store():
                self._store.set(f"share/{self._stage + 1}", json.dumps(value))
        self.agree()
        with _lost_store():
            return json.loads(self._store.get(f"share/{self._stage}"))

    def start_group(self, device: torch.device) -> None:
        """Starts torch's process group: gloo on CPUs, NCCL on GPUs."""
        if self._store is None or dist.is_initialized():
            return
        self.agree()
        on_gpu = device.type == "cuda"
        dist.init_process_group(
            "nccl" if on_gpu else "gloo",
            store=part(self._store, "group"),
            rank=self.place.rank,
            world_size=self.place.world,
            timeout=timedelta(seconds=COLLECTIVE_S),
            device_id=device if on_gpu else None,
        )

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Inside the block the loss of a process becomes an error that says which and why, or ends this process.

        Raises:
            KirieError: Another process ended.
            Terminated: Another process was stopped by a signal; so is this one.
        """
        if self._store is None:
            yield
            return
        with Watch(self.place, self._store.clone(), self._children):
            try:
                yield
            except Terminated as told:
                self._told = told
                raise
            except torch.OutOfMemoryError:
                raise
            except RuntimeError as error:
                if (reason := self._reason(error)) is None:
                    raise
                raise reason from None

    def _reason(self, error: RuntimeError) -> KirieError | Terminated | None:
        """Who broke a collective call; None if the error is this process's own."""
        since = time.monotonic()
        while time.monotonic() - since < _NOTE_S:
            with contextlib.suppress(RuntimeError):
                if self._store is not None and (found := cause(self._store, self.place)) is not None:
                    return found
            time.sleep(0.2)
        if not isinstance(error, dist.DistError) and "gloo" not in str(error).lower():
            return None
        return DeviceError(
            f"Another process of the training went away without a word ({str(error).splitlines()[-1].strip()}); "
            "repeat the command to go on."
        )

    def _wait(self, came: Callable[[], bool], ranks: Sequence[int]) -> None:
        since, pause = time.monotonic(), 0.005
        while not came():
            assert self._store is not None
            note_children(self._store, self._children)
            if (found := cause(self._store, self.place)) is not None:
                raise found
            if time.monotonic() - since > MEETING_S:
                raise DeviceError(
                    f"Process {', '.join(map(str, ranks))} of {self.place.world} did not come to the meeting within "
                    f"{MEETING_S:.0f} s; see the other processes' logs, and whether all nodes reach the first one."
                )
            time.sleep(pause)
            pause = min(2 * pause, 0.1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leaves a note how this process ended, and waits for the others to end.

        Raises:
            PeerError: On all but the first process, in place of an error that the first one tells, or where the
                first one ended with an exit code other than 0.
        """
        if self._store is None:
            return
        if isinstance(error, Terminated | KeyboardInterrupt):
            # No training caught it
            self._told = error if isinstance(error, Terminated) else Terminated(signal.SIGINT)
            error = ended_before(self._told)
        code = _exit_code(error)
        with contextlib.suppress(RuntimeError):
            self._leave(code, error)
        with contextlib.suppress(RuntimeError):
            if dist.is_initialized():
                dist.destroy_process_group()
        if self.first:
            self._see_off(_BROKEN_S if code else _LEAVE_S)
            return
        if error is None:
            code = self._code_of_first(_END_S, otherwise=2)
        elif isinstance(error, Interrupted):
            # Told to all alike; the first one asks the cluster, and knows the code that the batch script is to see
            code = self._code_of_first(_NOTE_S, otherwise=code)
        with contextlib.suppress(RuntimeError):
            # The first one serves the store until here
            go(self._store, self.place.rank)
        if code and (error is None or isinstance(error, KirieError)):
            raise PeerError("", code) from None

    def _leave(self, code: int, error: BaseException | None) -> None:
        assert self._store is not None
        words = str(error) if isinstance(error, KirieError) else f"{type(error).__name__}: {error}" if error else ""
        leave_note(self._store, self.place.rank, socket.gethostname(), code, words, self._told)

    def _see_off(self, seconds: float) -> None:
        since = time.monotonic()
        waiting = set(range(1, self.place.world))
        while waiting and time.monotonic() - since < seconds:
            with contextlib.suppress(RuntimeError):
                waiting = {rank for rank in waiting if self._store and not has_gone(self._store, rank)}
            waiting -= {rank for rank, child in enumerate(self._children, 1) if child.poll() is not None}
            time.sleep(0.02)
        for child in self._children:
            _wait_for(child, max(0.5, seconds - (time.monotonic() - since)))
        # What the next training of this process would take for its own place
        os.environ.pop("WORLD_SIZE", None)

    def _code_of_first(self, seconds: float, *, otherwise: int) -> int:
        since = time.monotonic()
        with contextlib.suppress(RuntimeError):
            while time.monotonic() - since < seconds:
                if self._store is not None and has_left(self._store, 0):
                    return code_of(self._store, 0)
                time.sleep(0.05)
        return otherwise


def _exit_code(error: BaseException | None) -> int:
    if error is None:
        return 0
    if isinstance(error, KirieError):
        return error.exit_code
    if isinstance(error, SystemExit):
        return int(error.code or 0) if isinstance(error.code, int | None) else 1
    return 1


def _wait_for(child: Popen[bytes], seconds: float) -> None:
    since = time.monotonic()
    while child.poll() is None:
        if time.monotonic() - since > seconds:
            child.kill()
        time.sleep(0.02)


@contextlib.contextmanager
def _lost_store() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise DeviceError(
            f"The first process of the training cannot be reached any more ({str(error).splitlines()[0]}); repeat the "
            "command to go on."
        ) from None
