#!/usr/bin/env python3
"""Makes one lcov file of what `bazel coverage` has collected.

Bazel's own program for this is an archive that the Bazel of Debian 12 downloads,
and written in Java. This one knows GCC's coverage alone. Bazel runs it

  for each test, with --coverage_dir: the directory of gcov's *.gcov.json.gz;
  with --combined_report=lcov, with --reports_file: a list of the tests' reports.

Either way it writes --output_file.
"""

import argparse
import collections
import glob
import gzip
import json
import os
import re


class Source:
    """How often each line and each function of a source file ran."""

    def __init__(self):
        self.lines = collections.Counter()
        self.functions = collections.Counter()
        self.function_lines = {}


def add_gcov(sources, path):
    with gzip.open(path, "rt") as file:
        report = json.load(file)
    for entry in report["files"]:
        source = sources[entry["file"]]
        for function in entry["functions"]:
            source.functions[function["name"]] += function["execution_count"]
            source.function_lines[function["name"]] = function["start_line"]
        for line in entry["lines"]:
            source.lines[line["line_number"]] += line["count"]


def add_lcov(sources, path):
    source = None
    with open(path) as file:
        for line in file:
            key, _, value = line.strip().partition(":")
            first, _, second = value.partition(",")
            if key == "SF":
                source = sources[value]
            elif key == "FN":
                source.function_lines[second] = int(first)
            elif key == "FNDA":
                source.functions[second] += int(first)
            elif key == "DA":
                source.lines[int(first)] += int(second)


def write_lcov(sources, path):
    with open(path, "w") as file:
        for name, source in sorted(sources.items()):
            print(f"SF:{name}", file=file)
            functions = sorted(source.functions.items())
            for function, _ in functions:
                print(f"FN:{source.function_lines[function]},{function}", file=file)
            for function, count in functions:
                print(f"FNDA:{count},{function}", file=file)
            print(f"FNF:{len(functions)}", file=file)
            print(f"FNH:{sum(count > 0 for _, count in functions)}", file=file)
            for line, count in sorted(source.lines.items()):
                print(f"DA:{line},{count}", file=file)
            print(f"LF:{len(source.lines)}", file=file)
            print(f"LH:{sum(count > 0 for count in source.lines.values())}", file=file)
            print("end_of_record", file=file)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--coverage_dir")
    parser.add_argument("--filter_sources", action="append", default=[])
    parser.add_argument("--output_file", required=True)
    parser.add_argument("--reports_file")
    parser.add_argument("--source_file_manifest")
    args, _ = parser.parse_known_args()

    sources = collections.defaultdict(Source)
    if args.reports_file:
        with open(args.reports_file) as reports:
            for report in reports:
                add_lcov(sources, report.strip())
    else:
        pattern = os.path.join(args.coverage_dir, "**", "*.gcov.json.gz")
        for report in sorted(glob.glob(pattern, recursive=True)):
            add_gcov(sources, report)

    wanted = None
    if args.source_file_manifest:
        with open(args.source_file_manifest) as manifest:
            wanted = {line.strip() for line in manifest}
    for name in list(sources):
        if (wanted is not None and name not in wanted) or any(
            re.fullmatch(pattern, name) for pattern in args.filter_sources
        ):
            del sources[name]
    write_lcov(sources, args.output_file)


if __name__ == "__main__":
    main()
