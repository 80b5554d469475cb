"""The sanitizers that heddle_cc_test.bzl knows, and how to build for each.

The same flags as those of --config=asan, tsan, ubsan and msan in .bazelrc, which
cannot load this file: flags_test compares them.
"""

_COMMON_COPTS = [
    "-O1",
    "-g1",
    "-fno-omit-frame-pointer",
]

# copts, linkopts: after the command line's own.
# clang_linkopts, clang_features: besides, under clang.
# only_clang: other compilers have no such sanitizer.
# env: of the test.
SANITIZERS = {
    "asan": struct(
        copts = _COMMON_COPTS + [
            "-fsanitize=address",
            "-fsanitize=undefined",
            "-fno-sanitize-recover=all",
            "-fno-sanitize=alignment",
        ],
        linkopts = ["-fsanitize=address,undefined"],
        clang_linkopts = [
            "-fuse-ld=bfd",
            "-fsanitize-link-c++-runtime",
        ],
        clang_features = ["-supports_start_end_lib"],
        only_clang = False,
        env = {
            "ASAN_OPTIONS": "detect_leaks=1:detect_stack_use_after_return=1:check_initialization_order=1:strict_string_checks=1",
            "UBSAN_OPTIONS": "print_stacktrace=1",
        },
    ),
    "msan": struct(
        copts = _COMMON_COPTS + [
            "-fsanitize=memory",
            "-fsanitize-memory-track-origins",
            "-mllvm",
            "-msan-poison-stack=0",
        ],
        linkopts = ["-fsanitize=memory"],
        clang_linkopts = [],
        clang_features = [],
        only_clang = True,
        env = {"MSAN_OPTIONS": "poison_in_malloc=0:poison_in_free=0:handle_segv=0"},
    ),
    "tsan": struct(
        copts = _COMMON_COPTS + ["-fsanitize=thread"],
        linkopts = ["-fsanitize=thread"],
        clang_linkopts = [],
        clang_features = [],
        only_clang = False,
        env = {"TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1:die_after_fork=0"},
    ),
    "ubsan": struct(
        copts = _COMMON_COPTS + [
            "-fsanitize=undefined",
            "-fno-sanitize-recover=all",
        ],
        linkopts = ["-fsanitize=undefined"],
        clang_linkopts = ["-fsanitize-link-c++-runtime"],
        clang_features = [],
        only_clang = False,
        env = {"UBSAN_OPTIONS": "print_stacktrace=1"},
    ),
}

# Which of -fsanitize's names make a build that sanitizer's. (UBSan goes with
# the others: asan's build is one of ubsan's too.)
_MARKS = {
    "asan": "address",
    "msan": "memory",
    "tsan": "thread",
    "ubsan": "undefined",
}

def is_sanitized(sanitizer, copts, features):
    """Whether a build with these copts and features is that sanitizer's already.

    Args:
      sanitizer: one of SANITIZERS
      copts: the command line's --copt
      features: its --features

    Returns:
      True or False.
    """
    if sanitizer in features:  # rules_cc's toolchains have such
        return True
    for flag in copts:
        if flag.startswith("-fsanitize="):
            if _MARKS[sanitizer] in flag[len("-fsanitize="):].split(","):
                return True
    return False

def without_sanitizers(flags):
    """The flags but those of any sanitizer.

    Args:
      flags: a list of --copt, --linkopt or --features

    Returns:
      a list.
    """
    kept = []
    for i, flag in enumerate(flags):
        if flag in SANITIZERS or "-msan-" in flag:
            continue
        if flag.startswith("-fsanitize") or flag.startswith("-fno-sanitize"):
            continue
        if flag == "-mllvm" and i + 1 < len(flags) and "-msan-" in flags[i + 1]:
            continue
        kept.append(flag)
    return kept
