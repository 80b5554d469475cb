"""Compile options of heddle's own targets: the warnings that both compilers share.

That they are errors is said in .bazelrc, for this repository alone: a workspace
that depends on heddle may have a newer compiler, which warns of more.
"""

HEDDLE_COPTS = [
    "-Wall",
    "-Wextra",
    "-Wno-unused-parameter",
]

# For the tests only.
HEDDLE_TEST_COPTS = HEDDLE_COPTS

# Sanitizers' flags (.bazelrc) optimise a little, for the libraries. In a test's
# own code that costs half of the time to compile and saves none when it runs.
# Nor do checks there of what ends in a fault without them: null pointers and
# objects of another type are a third of it.
#
# ThreadSanitizer keeps -O1: with -O0 it did not report the race that
# //runtime/sanitizer:fiber_test plants. The precompiled header of optimised code
# has false warnings (bazel/precompiled.bzl), so there are none: the plain
# configurations of both compilers warn.
HEDDLE_TEST_SPEED_COPTS = select({
    "//bazel:address": [
        "-O0",
        "-fno-sanitize=null,vptr,object-size,pointer-overflow",
    ],
    "//bazel:memory": ["-O0"],
    "//bazel:thread": ["-w"],
    "//conditions:default": [],
})

# For a program that is linked statically, libc and all: starts in half the time,
# as the dynamic linker's is the larger part. Sanitizers do not link such.
HEDDLE_STATIC_LINKOPTS = select({
    "//bazel:address": [],
    "//bazel:memory": [],
    "//bazel:thread": [],
    "//conditions:default": ["-static"],
})
