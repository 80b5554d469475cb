"""The result file, which tools/dashboard reads: one a run."""

from __future__ import annotations

import datetime
import json
import statistics
from pathlib import Path
from typing import Any, Dict, Mapping, Sequence

from comparison.rounds import Row

SCHEMA = 1


def _rounded(samples: Sequence[float]) -> Sequence[float]:
    return [float(f"{sample:.5g}") for sample in samples]


def row(of: Row) -> Dict[str, Any]:
    figure = of.figure
    limit = None
    if of.limits:
        limit = {"name": figure.limit, "value": float(f"{statistics.median(of.limits):.4g}")}
    return {
        "name": figure.name,
        "procs": of.procs,
        "figure": figure.figure,
        "unit": figure.unit,
        "what": figure.what,
        "target": {peer: by[of.procs] for peer, by in figure.targets.items() if of.procs in by},
        "limit": limit,
        "heddle": _rounded(of.heddle),
        "peers": {peer: _rounded(samples) for peer, samples in of.peers.items()},
    }


def result(
    facts: Mapping[str, Any],
    rows: Sequence[Row],
    instructions: Mapping[str, float],
    now: datetime.datetime,
) -> Dict[str, Any]:
    return {
        "schema": SCHEMA,
        **facts,
        "date": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "rows": [row(of) for of in rows],
        "instructions": dict(instructions),
    }


def write(folder: Path, of: Mapping[str, Any]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{of['date'][:10]}-{of['commit'][:7] or 'unknown'}.json"
    # A line a row: a change of one is a change of one line.
    lines = [
        f'  "{key}": {json.dumps(value, ensure_ascii=False)}'
        for key, value in of.items()
        if key != "rows"
    ]
    rows = ",\n".join("    " + json.dumps(value, ensure_ascii=False) for value in of["rows"])
    lines.append(f'  "rows": [\n{rows}\n  ]')
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    return path
