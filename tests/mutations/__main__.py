"""Puts faults into the built-ins and prints how many the kit finds: `python -m tests.mutations`."""

import argparse
import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from multiprocessing import get_context
from pathlib import Path

from tests.mutations.by_hand import by_hand
from tests.mutations.operators import Mutant, mutants
from tests.mutations.report import text_of
from tests.mutations.subjects import ROOT, Subject, subjects
from tests.mutations.trial import Verdict, tried

Job = tuple[Subject, str, str, str, str]
"""(subject, changed module, kind, place, text)."""


def jobs(names: Sequence[str] = (), every: int = 1, without: Sequence[str] = ()) -> list[Job]:
    """Faults of the named subjects or of all: each one that is written by hand, and every so many-th generated one."""
    chosen = [each for each in subjects() if (not names or each.name in names) and each.name not in without]
    generated = list(_jobs(chosen, lambda subject, text: mutants(text, subject.choices)))[::every]
    return [*generated, *_jobs(chosen, lambda subject, text: by_hand(subject.name, text))]


def _jobs(chosen: Sequence[Subject], faults: Callable[[Subject, str], Iterator[Mutant]]) -> Iterator[Job]:
    for subject in chosen:
        for source in subject.sources:
            text = subject.text(source)
            for mutant in faults(subject, text):
                file = source.rsplit(".", 1)[-1]
                yield subject, source, mutant.kind, f"{file}.py, {mutant.place}", mutant.source


def key_of(job: Job) -> str:
    """What a stored verdict depends on: the changed source, and the kit's checks of explainers or of measures."""
    subject = job[0]
    digest = hashlib.sha256(_kit(of_measures=".measures." in subject.module).encode())
    digest.update("\0".join((subject.name, *job[1:])).encode())
    return digest.hexdigest()


@cache
def _kit(*, of_measures: bool) -> str:
    files = [each for each in sorted((ROOT / "kit").rglob("*.py")) if of_measures or "measure" not in each.name]
    if of_measures:
        files = [each for each in files if each.parent.name != "checks"]
    files += [ROOT.parent / "cxr" / "planted_network.py", Path(__file__).with_name("behaviour.py")]
    return "".join(file.read_text(encoding="utf-8") for file in files)


def main() -> int:
    """Try what was not tried yet, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutations", description=__doc__)
    parser.add_argument("names", nargs="*", help="explainers and measures (default: all)")
    parser.add_argument("--without", nargs="+", default=[], metavar="NAME", help="leave these out (default: none)")
    parser.add_argument("--out", type=Path, default=Path("build/mutations.jsonl"), help="verdicts; a later run goes on")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes (default: one a core)")
    parser.add_argument(
        "--every", type=int, default=1, metavar="N", help="of the generated faults, try every Nth (default: 1, all)"
    )
    parser.add_argument("--list", action="store_true", help="list every fault with its sentence")
    arguments = parser.parse_args()
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    stored = _stored(arguments.out)
    wanted = {key_of(job): job for job in jobs(arguments.names, arguments.every, arguments.without)}
    missing = [(key, job) for key, job in wanted.items() if key not in stored]
    with arguments.out.open("a", encoding="utf-8") as stream:
        for key, verdict in _all_tried(missing, arguments.workers):
            stored[key] = verdict
            stream.write(json.dumps({"key": key, **verdict.to_json()}) + "\n")
            stream.flush()
    sys.stdout.write(text_of([stored[key] for key in wanted], every=arguments.list))
    return 0


def _stored(file: Path) -> dict[str, Verdict]:
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    rows = [json.loads(line) for line in lines if line.endswith("}")]
    return {row.pop("key"): Verdict(**row) for row in rows}


def _all_tried(missing: list[tuple[str, Job]], workers: int) -> Iterator[tuple[str, Verdict]]:
    # one thread a process: there is a process a core
    os.environ |= {"OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        futures = {pool.submit(tried, *job): key for key, job in missing}
        for number, future in enumerate(as_completed(futures), 1):
            sys.stderr.write(f"\r{number} of {len(missing)}")
            yield futures[future], future.result()
    sys.stderr.write("\n" if missing else "")


if __name__ == "__main__":
    raise SystemExit(main())
