"""Many pictures at once: threads, because decoding, the model and PNG writing all let go of the interpreter.

No more pictures are in hand than there are threads, so memory does not grow with their number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from kirie.core.sample import Image
from kirie.errors import SourceError
from kirie.formats.picture import flatten, read_picture
from kirie.predict.answer import Answer
from kirie.predict.output import Writer
from kirie.predict.pictures import Job


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one picture.

    Attributes:
        job: The picture.
        problems: Sentences about what could not be done; empty if all was.
        written: Whether its folder was.
    """

    job: Job
    problems: tuple[str, ...]
    written: bool


@dataclass(frozen=True, slots=True)
class Cutter:
    """Cuts one picture after another; any number of threads may share it.

    Attributes:
        ask: What the model says of a picture, uint8 RGB.
        writer: What is written.
        out: The output folder.
        max_pixels: Pictures with more are refused before they are decoded.
    """

    ask: Callable[[Image], Answer]
    writer: Writer
    out: Path
    max_pixels: int

    def cut(self, job: Job) -> Done:
        """Reads, cuts and writes one picture; what is wrong with the picture is told, not raised.

        Raises:
            BundleError: The model fails.
            DeviceError: The disk is full, closed or broken, or the device's memory does not suffice.
        """
        try:
            picture = read_picture(job.source, max_pixels=self.max_pixels)
            found = self.ask(flatten(picture))
            notes = self.writer.write(self.out / job.name, job, picture, found)
        except SourceError as error:
            return Done(job, (str(error),), written=False)
        except OSError as error:
            # A full, closed or broken disk is a DeviceError by now; this may be of one name that the disk cannot hold
            sentence = f"{job.source}: {self.out / job.name} cannot be written ({error.strerror or error})."
            return Done(job, (sentence,), written=False)
        except MemoryError:
            sentence = f"The memory does not suffice for {job.source}; lower `--workers`, or scale the picture down."
            return Done(job, (sentence,), written=False)
        return Done(job, tuple(f"{job.source}: {note}" for note in notes), written=True)

    def cut_all(self, jobs: Iterable[Job], workers: int, tell: Callable[[Done], None]) -> None:
        """Cuts all pictures in `workers` threads and tells of each one when it is done, from the calling thread.

        When something other than a picture is wrong, pictures in hand are finished and the rest is left.

        Raises:
            BundleError: The model fails.
            DeviceError: The disk is full, or the device's memory does not suffice.
        """
        waiting = iter(jobs)
        running: set[Future[Done]] = set()
        with ThreadPoolExecutor(workers, thread_name_prefix="cut") as pool:
            while True:
                running |= {pool.submit(self.cut, job) for job in islice(waiting, workers - len(running))}
                if not running:
                    return
                ended, running = wait(running, return_when=FIRST_COMPLETED)
                for future in ended:
                    tell(future.result())
