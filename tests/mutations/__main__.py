"""Puts faults into the built-ins and prints how many the kit finds: `python -m tests.mutations`."""

import argparse
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from tests.mutations.by_hand import by_hand
from tests.mutations.operators import mutants
from tests.mutations.report import text_of
from tests.mutations.subjects import ROOT, Subject, subjects
from tests.mutations.trial import Verdict, tried

Job = tuple[Subject, str, str, str, str]
"""(subject, changed module, kind, place, text)."""


def jobs(names: list[str]) -> Iterator[Job]:
    """All faults, of the named subjects or of all."""
    for subject in subjects():
        if names and subject.name not in names:
            continue
        for source in subject.sources:
            text = subject.text(source)
            found = [*mutants(text), *by_hand(subject.name, text)]
            for mutant in found:
                file = source.rsplit(".", 1)[-1]
                yield subject, source, mutant.kind, f"{file}.py, {mutant.place}", mutant.source


def key_of(job: Job) -> str:
    """What a stored verdict depends on: the changed source, and the kit."""
    digest = hashlib.sha256(_kit().encode())
    digest.update("\0".join((job[0].name, *job[1:])).encode())
    return digest.hexdigest()


def _kit() -> str:
    files = [*sorted((ROOT / "kit").rglob("*.py")), ROOT.parent / "cxr" / "planted_network.py"]
    return "".join(file.read_text(encoding="utf-8") for file in files)


def main() -> int:
    """Try what was not tried yet, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutations", description=__doc__)
    parser.add_argument("names", nargs="*", help="explainers and measures (default: all)")
    parser.add_argument("--out", type=Path, default=Path("build/mutations.jsonl"), help="verdicts; a later run goes on")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes (default: one a core)")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="try every Nth fault only (default: 1, all)")
    parser.add_argument("--list", action="store_true", help="list every fault with its sentence")
    arguments = parser.parse_args()
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    stored = _stored(arguments.out)
    wanted = {key_of(job): job for job in list(jobs(arguments.names))[:: arguments.every]}
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
