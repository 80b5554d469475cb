"""What sanitizers.bzl should say, and says: for flags_test.

Not skylib's unittest, which wants toolchains registered in each workspace.
"""

load(":sanitizers.bzl", "SANITIZERS", "is_sanitized", "without_sanitizers")

def sanitizers_cases():
    """Calls them.

    Returns:
      pairs (expected, actual) of strings.
    """
    cases = [
        (want, is_sanitized(sanitizer, copts, features))
        for want, sanitizer, copts, features in [
            (False, "asan", [], []),
            (False, "asan", ["-fno-sanitize=address"], ["tsan"]),
            (True, "asan", ["-g1", "-fsanitize=address"], []),
            (True, "ubsan", ["-fsanitize=address,undefined"], []),
            (True, "tsan", [], ["tsan"]),
        ]
    ]
    for name, sanitizer in SANITIZERS.items():
        cases += [
            (True, is_sanitized(name, sanitizer.copts, [])),
            (name == "tsan", is_sanitized("tsan", sanitizer.copts, [])),
            (SANITIZERS["asan"].copts[:3], without_sanitizers(sanitizer.copts)),
            ([], without_sanitizers(sanitizer.linkopts)),
        ]
    mllvm = ["-mllvm", "-inline-threshold=9"]
    cases += [
        (["-g1"] + mllvm, without_sanitizers(
            ["-g1", "-mllvm", "-msan-poison-stack=0", "-fsanitize=thread"] +
            mllvm + ["-fno-sanitize-recover=all"],
        )),
        (["pic"], without_sanitizers(["asan", "pic"])),
    ]
    return [(repr(want), repr(got)) for want, got in cases]
