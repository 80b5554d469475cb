"""Model tests: lock-free code under relacy (docs/models.md)."""

load("@rules_cc//cc:cc_test.bzl", "cc_test")
load("//bazel:copts.bzl", "HEDDLE_TEST_COPTS")

# Millions of executions want an optimised build. The toolchain keeps a frame
# pointer in each function, which costs a search 8 %. glibc's checks of longjmp,
# by which relacy changes stacks, are for programs with one stack.
HEDDLE_MODEL_COPTS = HEDDLE_TEST_COPTS + [
    "-O2",
    "-U_FORTIFY_SOURCE",
    "-fomit-frame-pointer",
]

def heddle_model_test(name, srcs, deps, shard_count = None, size = "medium"):
    """Declares a test that runs models.

    Args:
      name: ends with _model_test
      srcs: sources that include testing/model/model.h
      deps: libraries under test
      shard_count: how many processes share the test cases
      size: a test's size
    """
    cc_test(
        name = name,
        size = size,
        srcs = srcs,
        copts = HEDDLE_MODEL_COPTS,
        shard_count = shard_count,
        # Its threads are ucontexts of its own on stacks that no sanitizer knows
        # of, and it replaces operator new. The code under test is run under the
        # sanitizers by its other tests.
        tags = [
            "noasan",
            "nomsan",
            "notsan",
            "once",
        ],
        deps = deps + [
            "//testing/model",
            "@com_google_googletest//:gtest_main",
        ],
    )
