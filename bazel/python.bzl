"""Python programs, run by the machine's python3, which needs its standard library alone.

There is no native py_binary in Bazel 9, and a toolchain to download would be
much for a few scripts.
"""

_PROGRAM = """#!/bin/bash
# Written by bazel/python.bzl.
set -euo pipefail
here="$(cd -P "$(dirname "$0")" && pwd)/$(basename "$0").runfiles"
export HEDDLE_RUNFILES="${{RUNFILES_DIR:-${{TEST_SRCDIR:-$here}}}}/{workspace}"
command -v python3 >/dev/null || {{
  echo "$0: error: there is no python3: install it" >&2
  exit 1
}}
export PYTHONPATH="$HEDDLE_RUNFILES/{folder}" PYTHONDONTWRITEBYTECODE=1
export HEDDLE_OPTIMIZED_FLAGS="{flags}"
exec python3 {arguments} "$@"
"""

_MODE = "//command_line_option:compilation_mode"
_THREADS = "//runtime/os:thread_backend"

# As users build: with one thread backend (.bazelrc has both).
def _optimize_impl(_settings, _attr):
    return {
        _MODE: "opt",
        _THREADS: "//runtime/os:thread_pthread",
    }

_optimize = transition(
    implementation = _optimize_impl,
    inputs = [],
    outputs = [
        _MODE,
        _THREADS,
    ],
)

def _provide(ctx, arguments, optimized = []):
    # What changes the code; warnings do not.
    flags = [
        flag
        for flag in ctx.fragments.cpp.copts + ctx.fragments.cpp.cxxopts
        if not flag.startswith("-W")
    ]
    program = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(
        program,
        _PROGRAM.format(
            arguments = arguments,
            flags = " ".join(["-O2", "-DNDEBUG"] + flags),
            folder = ctx.label.package,
            workspace = ctx.workspace_name,
        ),
        is_executable = True,
    )
    runfiles = ctx.runfiles(files = ctx.files.srcs)
    for target in optimized:
        runfiles = runfiles.merge(ctx.runfiles(files = target[DefaultInfo].files.to_list()))
        runfiles = runfiles.merge(target[DefaultInfo].default_runfiles)
    return [DefaultInfo(executable = program, runfiles = runfiles)]

def _python_program_impl(ctx):
    return _provide(ctx, "-m " + ctx.attr.module, ctx.attr.optimized)

python_program = rule(
    implementation = _python_program_impl,
    doc = """A module for `bazel run`.

    It finds the repository's files under HEDDLE_RUNFILES.""",
    attrs = {
        "module": attr.string(
            doc = "What python3 -m is to run; its path begins at the package of the rule.",
            mandatory = True,
        ),
        "optimized": attr.label_list(
            cfg = _optimize,
            doc = """C++ programs that it runs, built with -c opt whatever else is asked for.

            HEDDLE_OPTIMIZED_FLAGS says with what flags.""",
        ),
        "srcs": attr.label_list(allow_files = [".py"]),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
    executable = True,
    fragments = ["cpp"],
)

def _python_test_impl(ctx):
    return _provide(ctx, '-m unittest discover --start-directory "$PYTHONPATH" --top-level-directory "$PYTHONPATH/.."')

python_test = rule(
    implementation = _python_test_impl,
    doc = "The files test_….py of the Python package that is this Bazel package.",
    attrs = {"srcs": attr.label_list(allow_files = [".py"])},
    fragments = ["cpp"],
    test = True,
)
